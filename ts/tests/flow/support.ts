import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import * as flow from "../../src/integrations/flow";
import { History, type HistoryEvent } from "../../src/proto/temporal/api/history/v1/message";
import { testConnection } from "../worker/support";

/** A schema of no library: `check` gives the value that steps see, or throws what is wrong with the given one. */
export function schema<Input, Output = Input>(
  check: (value: any) => Output = (value) => value as Output,
): flow.StandardSchema<Input, Output> {
  return {
    "~standard": {
      version: 1,
      vendor: "tests",
      validate: (value) => {
        try {
          return { value: check(value) };
        } catch (error) {
          return { issues: [{ message: (error as Error).message, path: ["given"] }] };
        }
      },
    },
  };
}

/** A schema that takes everything. */
export const anything = <T>() => schema<T>();

/** An application on a task queue of its own, and a client for its runs. */
export interface Fixture {
  app: flow.App;
  client: Client;
  taskQueue: string;
  /** Starts a run under a new id. */
  start<F extends flow.AnyFlow>(of: F, payload: flow.InputOf<F>): Promise<flow.FlowRun<flow.OutputOf<F>>>;
  /** Runs a flow to its end. */
  run<F extends flow.AnyFlow>(of: F, payload: flow.InputOf<F>): Promise<flow.OutputOf<F>>;
  /** Events of a run. */
  events(id: string): Promise<HistoryEvent[]>;
}

/** Runs `body` beside an application, which is stopped afterwards. */
export async function withApp<R>(
  flows: readonly flow.AnyFlow[],
  body: (fixture: Fixture) => Promise<R>,
  options: Partial<flow.AppOptions> = {},
): Promise<R> {
  const { connection, namespace } = await testConnection();
  const taskQueue = options.taskQueue ?? `flows-${randomUUID()}`;
  const app = flow.app({ flows, connection, namespace, taskQueue, ...options });
  const client = new Client({
    connection: options.connection ?? connection,
    namespace: options.namespace ?? namespace,
  });
  await app.start();
  try {
    return await body({
      app,
      client,
      taskQueue,
      start: (of, payload) => app.trigger(of, payload),
      run: async (of, payload) => (await app.trigger(of, payload)).result(),
      events: async (id) => (await client.workflow.getHandle(id).fetchHistory()).events ?? [],
    });
  } finally {
    await app.stop();
  }
}

/** All texts of a history, those in payloads too. */
export function historyText(events: readonly HistoryEvent[]): string {
  return Buffer.from(History.encode({ events: [...events] }).finish()).toString();
}
