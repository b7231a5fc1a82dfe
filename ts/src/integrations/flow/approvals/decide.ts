/** How decisions reach runs. */
import { type Client, isGrpcDeadlineError, WorkflowUpdateFailedError } from "../../../client";
import { WorkflowNotFoundError } from "../../../common";
import type { Definition } from "../definition";
import { type Decision, PENDING_QUERY, type PendingApproval, RESOLVE_UPDATE, type Resolution } from "../plan";
import { issuesText, validate } from "../schema";
import { isOverAlready, type Wait } from "./token";

const longestName = 200;
/** How long Workers may take to answer, in milliseconds. */
const answerMs = 10_000;

/** A decision that isn't one, and why. */
export class DecisionInvalid extends TypeError {}

/** Hands a decision to a run. @throws TokenRefused if it was decided before, or the run waits no more */
export async function decide(
  client: Client,
  flows: ReadonlyMap<string, Definition>,
  { flow, workflowId, run, path }: Wait,
  given: Decision,
): Promise<void> {
  const { decision, by } = given;
  if (decision !== "approved" && decision !== "denied")
    throw new DecisionInvalid(`decision must be "approved" or "denied", got ${JSON.stringify(decision)}`);
  if (by !== undefined && (typeof by !== "string" || by.length > longestName))
    throw new DecisionInvalid(`by must be a text of up to ${longestName} characters`);
  const input = await checkedInput(flows.get(flow), path, given);
  const resolution: Resolution = {
    run,
    path,
    decision,
    ...(by === undefined || by === "" ? {} : { by }),
    ...(input === undefined ? {} : { input }),
  };
  try {
    await client.workflow
      .getHandle(workflowId)
      .executeUpdate<void, [Resolution]>(RESOLVE_UPDATE, { args: [resolution] });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError)) throw error;
    throw isOverAlready();
  }
}

/** A decision of who knows the run's Workflow. */
export interface AppDecision extends Decision {
  /** Which one, if the run waits for several: the verb with the turns around it. */
  step?: string;
}

/** Hands a decision to a run, by its Workflow's id. */
export async function decideById(
  client: Client,
  flows: ReadonlyMap<string, Definition>,
  workflowId: string,
  { step, ...decision }: AppDecision,
): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  const { type: flow } = await handle.describe();
  try {
    await client.withDeadline(Date.now() + answerMs, async () => {
      const open = await handle.query<PendingApproval[], []>(PENDING_QUERY);
      const { run, path, isPause } = theOne(open, workflowId, step);
      if (isPause && decision.decision === "denied")
        throw new DecisionInvalid(
          `'${path}' is a pause, which is let go on, and can't be denied: cancel the run instead`,
        );
      await decide(client, flows, { flow, workflowId, run, path }, decision);
    });
  } catch (error) {
    if (!isGrpcDeadlineError(error)) throw error;
    throw new Error(
      `No Worker of '${workflowId}' has answered within ${answerMs / 1000} s: see that one of the application runs, and try again`,
    );
  }
}

function theOne(open: readonly PendingApproval[], workflowId: string, step: string | undefined): PendingApproval {
  const [found, another] = step === undefined ? open : open.filter(({ path }) => path === step);
  const paths = open.map(({ path }) => `'${path}'`).join(", ");
  if (found === undefined)
    throw new DecisionInvalid(
      open.length === 0
        ? `'${workflowId}' waits for no decision`
        : `'${workflowId}' doesn't wait at '${step}', but at ${paths}`,
    );
  if (another !== undefined)
    throw new DecisionInvalid(`'${workflowId}' waits for several decisions, say by step which one is meant: ${paths}`);
  return found;
}

/** What comes with an approval, as the schema of the verb gives it. */
export async function checkedInput(
  flow: Definition | undefined,
  path: string,
  { decision, input }: Decision,
): Promise<unknown> {
  const schema = flow?.inputs.get(path.split("/").at(-1)!);
  if (schema === undefined || decision === "denied") return input;
  const result = await validate(schema, input);
  if ("issues" in result) throw new DecisionInvalid(`The input isn't what is asked for: ${issuesText(result.issues)}`);
  return result.value;
}
