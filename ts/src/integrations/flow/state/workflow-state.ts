/** State in Workflows: one for each flow and scope. Nothing else is needed, and it survives what the server does. */
import { type Client, isGrpcServiceError, WithStartWorkflowOperation, WorkflowNotFoundError } from "../../../client";
import { STATE_GET, STATE_TYPE, STATE_UPDATE } from "../plan";
import { type Entry, largestScope, type Outcome, type Request, tooLarge } from "../workflow/operations";
import type { Scope, StateStore, StoredEntry } from "./store";

/** The server's limit for updates of one Workflow that aren't done; the others come later. */
const resourceExhausted = 8;
/** How many operations one update has, and how large they are together, in characters of JSON. */
const largestBatch = 100;
const largestUpdate = 1_000_000;
const firstWaitMs = 20;
const longestWaitMs = 2_000;

interface Waiting {
  request: Request;
  size: number;
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

  apply(scope: Scope, request: Request): Promise<Outcome> {
    const size = JSON.stringify(request).length;
    if ("value" in request.operation && size > largestScope) return Promise.resolve(tooLarge(scope, size));
    const done = Promise.withResolvers<Outcome>();
    const id = this.#id(scope);
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) waiting.push({ request, size, done });
    else {
      const first = [{ request, size, done }];
      this.#waiting.set(id, first);
      void this.#send(id, scope, first);
    }
    return done.promise;
  }

  /** Sends what waits, an update at a time: what comes meanwhile goes along with the next one. */
  async #send(id: string, scope: Scope, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) {
      let size = 0;
      const end = waiting.findIndex((one, index) => (size += one.size) > largestUpdate && index > 0);
      const batch = waiting.splice(0, Math.min(end < 0 ? waiting.length : end, largestBatch));
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

/** Whether an update wasn't taken for a reason that passes: too many at once, or the run continued as new. */
function isPassing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause.code === resourceExhausted;
    if (/AcceptedUpdateCompletedWorkflow/.test(`${(cause as { type?: string }).type} ${cause.message}`)) return true;
  }
  return false;
}
