/** State in Workflows: one for each flow and scope. Nothing else is needed, and it survives what the server does. */
import { createHash } from "node:crypto";
import { type Client, isGrpcServiceError, WithStartWorkflowOperation, WorkflowNotFoundError } from "../../../client";
import { STATE_GET, STATE_TYPE, STATE_UPDATE } from "../plan";
import type { Entry, Outcome, Request } from "../workflow/operations";
import type { Scope, StateStore, StoredEntry } from "./store";

/** The server's limit for updates of one Workflow that aren't done; the others come later. */
const resourceExhausted = 8;
/** How many operations one update has. */
const largestBatch = 100;
/** How many bytes of operations go along with one update, and how many a single one may have: the server takes 2 MB. */
const largestBatchBytes = 1_000_000;
const largestRequestBytes = 2_000_000;
/** Longer ids are kept as hashes: with 1,000 of them and all values, a Workflow must still continue as new. */
const longestId = 200;
const firstWaitMs = 20;
const longestWaitMs = 2_000;

interface Waiting {
  request: Request;
  bytes: number;
  done: PromiseWithResolvers<Outcome>;
}

/** Keeps state in Workflows. */
export class WorkflowState implements StateStore {
  readonly #client: Client;
  readonly #taskQueue: string;
  readonly #prefix: string;
  /** Operations that wait for the update before them, by Workflow. */
  readonly #waiting = new Map<string, Waiting[]>();

  /** @param prefix of the Workflows' ids */
  constructor(client: Client, taskQueue: string, prefix = "flow-state") {
    this.#client = client;
    this.#taskQueue = taskQueue;
    this.#prefix = prefix;
  }

  async get(scope: Scope, key: string): Promise<unknown> {
    try {
      const found = await this.#client.workflow
        .getHandle(this.#id(scope))
        .query<Entry | null, [string]>(STATE_GET, key);
      return found?.value;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  async apply(scope: Scope, { id: given, operation }: Request): Promise<Outcome> {
    const request = { id: given.length > longestId ? hashOf(given) : given, operation };
    const bytes = Buffer.byteLength(JSON.stringify(request));
    if (bytes > largestRequestBytes)
      return { error: `What is to be kept under '${operation.key}' has ${bytes} bytes, more than a Workflow can take` };
    const done = Promise.withResolvers<Outcome>();
    const id = this.#id(scope);
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) waiting.push({ request, bytes, done });
    else {
      const first = [{ request, bytes, done }];
      this.#waiting.set(id, first);
      void this.#send(id, scope, first);
    }
    return done.promise;
  }

  /** Sends what waits, an update at a time: what comes meanwhile goes along with the next one. */
  async #send(id: string, scope: Scope, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchLength(waiting));
      try {
        const outcomes = await this.#update(
          id,
          scope,
          batch.map(({ request }) => request),
        );
        for (const [index, { done }] of batch.entries()) done.resolve(outcomes[index]!);
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    this.#waiting.delete(id);
  }

  async #update(workflowId: string, scope: Scope, requests: Request[]): Promise<Outcome[]> {
    for (let wait = firstWaitMs; ; wait = Math.min(2 * wait, longestWaitMs)) {
      const operation = new WithStartWorkflowOperation(STATE_TYPE, {
        workflowId,
        taskQueue: this.#taskQueue,
        args: [scope],
        workflowIdConflictPolicy: "USE_EXISTING",
      });
      operation.workflowHandle().catch(() => undefined);
      try {
        return await this.#client.workflow.executeUpdateWithStart<any, Outcome[], [Request[]]>(STATE_UPDATE, {
          startWorkflowOperation: operation,
          args: [requests],
        });
      } catch (error) {
        if (!isPassing(error)) throw error;
        await Bun.sleep(wait * (0.5 + Math.random()));
      }
    }
  }

  async *entries(): AsyncGenerator<StoredEntry> {
    // Those of other applications may have nobody who answers.
    const query = `WorkflowType = '${STATE_TYPE}' AND ExecutionStatus = 'Running' AND TaskQueue = '${this.#taskQueue}'`;
    for await (const { workflowId } of this.#client.workflow.list({ query })) {
      if (!workflowId.startsWith(`${this.#prefix}/`)) continue;
      const handle = this.#client.workflow.getHandle(workflowId);
      const { scope, entries } = await handle.query<{ scope: Scope; entries: Record<string, Entry> }, []>(STATE_GET);
      for (const [key, entry] of Object.entries(entries)) yield { ...scope, key, ...entry };
    }
  }

  #id({ flow, scope }: Scope): string {
    return `${this.#prefix}/${flow}/${scope}`;
  }
}

/** How many of those that wait go along with one update. */
function batchLength(waiting: readonly Waiting[]): number {
  let bytes = 0;
  const tooMany = waiting.findIndex((one) => (bytes += one.bytes) > largestBatchBytes);
  return tooMany < 0 ? largestBatch : Math.min(Math.max(tooMany, 1), largestBatch);
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url");
}

/** Whether an update wasn't taken for a reason that passes: too many at once, or the run continued as new. */
function isPassing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause.code === resourceExhausted;
    if (/AcceptedUpdateCompletedWorkflow/.test(`${(cause as { type?: string }).type} ${cause.message}`)) return true;
  }
  return false;
}
