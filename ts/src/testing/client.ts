/** Clients that let time skip while they wait. */

import {
  Client,
  type ClientOptions,
  type Connection,
  type TestService,
  WorkflowClient,
  type WorkflowClientOptions,
  type WorkflowResultOptions,
} from "../client";
import type { Workflow, WorkflowResultType } from "../common";

/** Options of the client of a test environment: all but those that the environment sets. */
export type ClientOptionsForTestEnv = Omit<ClientOptions, "namespace" | "connection">;

/** A client as any other, except that time skips while its `workflow` waits for a result. */
export class TimeSkippingClient extends Client {
  declare readonly workflow: TimeSkippingWorkflowClient;

  constructor(options: ClientOptions) {
    super(options);
    const { connection } = this;
    (this as { workflow: WorkflowClient }).workflow = new TimeSkippingWorkflowClient({
      ...this.workflow.options,
      connection,
    });
  }
}

/**
 * A workflow client as any other, except that time skips while it waits for a result: it calls `unlockTimeSkipping` of
 * the server's TestService before, and `lockTimeSkipping` after.
 */
export class TimeSkippingWorkflowClient extends WorkflowClient {
  /** The service that is called. */
  protected readonly testService: TestService;

  /** @throws TypeError if the connection has no TestService */
  constructor(options: WorkflowClientOptions) {
    super(options);
    const { testService } = this.connection as Partial<Connection>;
    if (testService === undefined)
      throw new TypeError(
        "TimeSkippingWorkflowClient needs a connection with `testService`, such as that of a TestWorkflowEnvironment",
      );
    this.testService = testService;
  }

  /** As `WorkflowClient.result`, with time skipping until it is there. */
  override async result<T extends Workflow>(
    workflowId: string,
    runId?: string,
    options?: WorkflowResultOptions,
  ): Promise<WorkflowResultType<T>> {
    await this.testService.unlockTimeSkipping({});
    try {
      return await super.result<T>(workflowId, runId, options);
    } finally {
      await this.testService.lockTimeSkipping({});
    }
  }
}
