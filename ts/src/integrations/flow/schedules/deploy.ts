/** `deploy`: makes the schedules of the server those of an application's flows. */
import { createHash } from "node:crypto";
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  type ScheduleOptions,
} from "../../../client";
import { type InternalScheduleHandle, updateUnlessChanged } from "../../../client/internal";
import type { Definition } from "../definition";
import { POLL_TYPE } from "../plan";
import { issuesText, validate } from "../schema";
import { type NamedTimeTrigger, timeTriggers } from "./triggers";

/** Options of a deployment. */
export interface DeployOptions {
  /** Whether schedules of this application that no flow has any more are deleted. Default `true`. */
  prune?: boolean;
  /** Whether to say what would be done, and do nothing. Default `false`. */
  dryRun?: boolean;
  /**
   * What a later deployment has more of, such as the number of a build. While there are schedules of a later one, an
   * earlier one is refused. Default: none, and the last one that comes counts.
   */
  generation?: number;
}

/** A deployment that failed. What it had done stays done. */
export class DeploymentError extends Error {
  constructor(
    cause: Error,
    /** What it had done before. */
    readonly report: DeployReport,
  ) {
    const { created, updated, deleted } = report;
    const parts = Object.entries({ created, updated, deleted }).filter(([, ids]) => ids.length > 0);
    const done = parts.map(([what, ids]) => `${what} ${ids.join(", ")}`).join("; ");
    super(
      done === ""
        ? `${cause.message}. Nothing was changed`
        : `${cause.message}. Before that it had ${done}. The rest is as it was: deploy again when that is mended`,
      { cause },
    );
  }
}

/** What a deployment has done with each schedule, by its id. */
export interface DeployReport {
  created: string[];
  updated: string[];
  unchanged: string[];
  deleted: string[];
  /** Those of no flow, which `prune: false` left. */
  left: string[];
}

const mostTries = 20;

interface Deployment {
  client: Client;
  /** Name of the application. */
  app: string;
  flows: Iterable<Definition>;
  /** Task queue of flows that have none of their own. */
  taskQueue: string;
}

/** In the memo of the Workflows that a schedule starts: the schedule's own can't be changed. */
interface Mark {
  hash: string;
  generation?: number;
}

type Wanted = Pick<ScheduleOptions, "scheduleId" | "spec" | "action" | "policies">;

/** Makes the server's schedules those of the flows. */
export async function deploy(
  of: Deployment,
  { prune = true, dryRun = false, generation }: DeployOptions = {},
): Promise<DeployReport> {
  if (generation !== undefined && !Number.isSafeInteger(generation))
    throw new TypeError(`generation must be a whole number, got ${generation}`);
  const { client, app } = of;
  const report = emptyReport();
  const wanted = await wantedSchedules(of);
  const known = new Map<string, ScheduleDescription>();
  const names = new Set(wanted.map(({ scheduleId }) => scheduleId));
  for await (const { scheduleId } of client.schedule.list()) if (isOf(app, scheduleId)) names.add(scheduleId);
  for (const id of names) {
    const found = await described(client, id);
    if (found !== undefined) known.set(id, found);
  }
  try {
    refuseOutdated(known.values(), generation);
    for (const schedule of wanted) {
      const what = await reconcile(client, schedule, known.get(schedule.scheduleId), generation, dryRun);
      report[what].push(schedule.scheduleId);
      known.delete(schedule.scheduleId);
    }
    for (const [id, found] of known) {
      // What nobody deployed is somebody else's, whatever its name.
      if (markOf(found) === undefined) continue;
      if (prune && !dryRun) await remove(client, id, generation);
      report[prune ? "deleted" : "left"].push(id);
    }
  } catch (error) {
    throw new DeploymentError(error as Error, dryRun ? emptyReport() : report);
  }
  return report;
}

function emptyReport(): DeployReport {
  return { created: [], updated: [], unchanged: [], deleted: [], left: [] };
}

async function remove(client: Client, id: string, generation: number | undefined): Promise<void> {
  // A later deployment may have made it its own meanwhile.
  const now = await described(client, id);
  if (now === undefined) return;
  refuseOutdated([now], generation);
  await client.schedule.getHandle(id).delete().catch(ignoreMissing);
}

async function reconcile(
  client: Client,
  schedule: Wanted,
  found: ScheduleDescription | undefined,
  generation: number | undefined,
  dryRun: boolean,
): Promise<"created" | "updated" | "unchanged"> {
  const mark: Mark = { hash: hashOf(schedule), ...(generation === undefined ? {} : { generation }) };
  const action = { ...schedule.action, memo: { flowSchedule: mark } };
  const known = markOf(found);
  if (known?.hash === mark.hash && known.generation === mark.generation) return "unchanged";
  if (dryRun) return found === undefined ? "created" : "updated";
  const handle = client.schedule.getHandle(schedule.scheduleId) as InternalScheduleHandle;
  if (found === undefined) {
    try {
      await client.schedule.create({ ...schedule, action });
      return "created";
    } catch (error) {
      // Another deployment was quicker: it is changed like any that was there.
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }
  for (let tries = 0; tries < mostTries; tries++) {
    await handle[updateUnlessChanged](({ state, ...previous }) => {
      refuseOutdated([previous as ScheduleDescription], generation);
      // What an operator has paused stays so, with the note that says why.
      return { spec: schedule.spec, policies: schedule.policies ?? {}, action, state };
    });
    // The server drops it without a word if the schedule was changed meanwhile, or has just started a run.
    const { hash, generation: deployed } = markOf(await handle.describe()) ?? {};
    if (hash === mark.hash && deployed === mark.generation) return "updated";
  }
  throw new Error(`The schedule '${schedule.scheduleId}' is changed by others all the time, so it can't be updated`);
}

async function wantedSchedules({ app, flows, taskQueue }: Deployment): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const flow of flows) {
    for (const trigger of timeTriggers(flow.triggers)) {
      const scheduleId = `${prefix(app)}${flow.id}/${trigger.name}`;
      const action =
        trigger.poll === undefined ? await startOf(flow, trigger, taskQueue) : pollOf(flow, trigger, taskQueue);
      wanted.push({ scheduleId, ...timesOf(trigger), action });
    }
  }
  return wanted;
}

async function startOf(flow: Definition, { name, payload }: NamedTimeTrigger, taskQueue: string) {
  const checked = await validate(flow.payload, payload);
  if ("issues" in checked)
    throw new TypeError(
      `The payload of the trigger '${name}' isn't what the flow '${flow.id}' takes: ${issuesText(checked.issues)}`,
    );
  return {
    type: "startWorkflow" as const,
    workflowType: flow.id,
    workflowId: `${flow.id}/${name}`,
    taskQueue: flow.queue ?? taskQueue,
    args: [payload],
  };
}

function pollOf(flow: Definition, { name, poll }: NamedTimeTrigger, taskQueue: string) {
  return {
    type: "startWorkflow" as const,
    workflowType: POLL_TYPE,
    workflowId: `flow-poll/${flow.id}/${name}`,
    taskQueue,
    args: [{ flow: flow.id, trigger: name, timeout: poll!.timeout }],
  };
}

function timesOf({ when }: NamedTimeTrigger): Pick<Wanted, "spec" | "policies"> {
  const { cron, timezone, every, offset, jitter, overlap, catchup } = when;
  return {
    spec: {
      ...(cron === undefined ? {} : { cronExpressions: [...cron] }),
      ...(timezone === undefined ? {} : { timezone }),
      ...(every === undefined ? {} : { intervals: [{ every, ...(offset === undefined ? {} : { offset }) }] }),
      ...(jitter === undefined ? {} : { jitter }),
    },
    policies: {
      ...(overlap === undefined ? {} : { overlap }),
      ...(catchup === undefined ? {} : { catchupWindow: catchup }),
    },
  };
}

function refuseOutdated(schedules: Iterable<ScheduleDescription>, generation: number | undefined): void {
  if (generation === undefined) return;
  for (const schedule of schedules) {
    const { generation: known } = markOf(schedule) ?? {};
    if (known !== undefined && known > generation)
      throw new Error(
        `Generation ${generation} is older than ${known}, which has been deployed (${schedule.scheduleId})`,
      );
  }
}

function prefix(app: string): string {
  return `flow/${app}/`;
}

/** Names of applications may have slashes, so that one begins with another; those of flows and triggers have none. */
function isOf(app: string, scheduleId: string): boolean {
  return scheduleId.startsWith(prefix(app)) && scheduleId.slice(prefix(app).length).split("/").length === 2;
}

function hashOf(schedule: Wanted): string {
  return createHash("sha256").update(JSON.stringify(schedule)).digest("base64url");
}

function markOf(schedule: ScheduleDescription | undefined): Mark | undefined {
  return schedule?.action.memo?.["flowSchedule"] as Mark | undefined;
}

async function described(client: Client, id: string): Promise<ScheduleDescription | undefined> {
  return client.schedule.getHandle(id).describe().catch(ignoreMissing);
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
