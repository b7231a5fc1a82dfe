import { Client, type ClientOptions, type WorkflowClientInterceptor } from "../../src/client";
import type { WorkflowStreamItem } from "../../src/integrations/workflow-streams/client";
import { type Fixture, withWorker } from "../worker/support";
import * as activities from "./fixtures/activities";

/** Path of the Workflows with streams. */
export const streamWorkflows = `${import.meta.dir}/fixtures/workflows.ts`;

/** Runs `body` beside a Worker with the Workflows of the fixtures. */
export function withStreams<R>(body: (fixture: Fixture) => Promise<R>): Promise<R> {
  return withWorker(body, { workflowsPath: streamWorkflows, activities });
}

/** The next entries of a subscription, as many as asked for. */
export async function take<T>(
  items: AsyncGenerator<WorkflowStreamItem<T>, void, unknown>,
  count: number,
): Promise<WorkflowStreamItem<T>[]> {
  const taken: WorkflowStreamItem<T>[] = [];
  while (taken.length < count) {
    const { value, done } = await items.next();
    if (done) throw new Error(`the subscription ended after ${taken.length} of ${count} entries`);
    taken.push(value);
  }
  return taken;
}

/** A client for the same server and namespace, with interceptors or other options of its own. */
export function otherClient(
  { client }: Fixture,
  options: Partial<ClientOptions> = {},
  workflow: WorkflowClientInterceptor[] = [],
): Client {
  return new Client({
    connection: client.connection,
    namespace: client.options.namespace,
    interceptors: { workflow },
    ...options,
  });
}
