/** How the workflow of an update is started if it is not running. */

import { IllegalStateError } from "../../common/errors";
import type { Workflow } from "../../common/interfaces";
import type { WorkflowIdConflictPolicy } from "../../common/workflow-options";
import type { WorkflowHandle } from "./workflow-handle";
import type { WorkflowStartOptions } from "./workflow-options";

/**
 * Takes an operation into use; what it returns settles the operation's `workflowHandle()`. Throws `IllegalStateError`
 * the second time.
 */
export let useOperation: <T extends Workflow>(
  operation: WithStartWorkflowOperation<T>,
) => { resolve(handle: WorkflowHandle<T>): void; reject(reason: unknown): void };

/**
 * The workflow of `WorkflowClient.startUpdateWithStart` and `executeUpdateWithStart`: its function or type name, and
 * the options to start it with; `workflowIdConflictPolicy` says what happens if it is running. Serves one call.
 */
export class WithStartWorkflowOperation<T extends Workflow> {
  readonly #handle = Promise.withResolvers<WorkflowHandle<T>>();
  #used = false;

  constructor(
    public workflowTypeOrFunc: string | T,
    public options: WorkflowStartOptions<T> & { workflowIdConflictPolicy: WorkflowIdConflictPolicy },
  ) {
    // The call rejects with the same error, so nobody has to ask for the handle.
    this.#handle.promise.catch(() => {});
  }

  /** A handle of the workflow, as soon as the server says that it runs. Rejects if it cannot be started. */
  async workflowHandle(): Promise<WorkflowHandle<T>> {
    return this.#handle.promise;
  }

  static {
    useOperation = (operation) => {
      if (operation.#used)
        throw new IllegalStateError("This WithStartWorkflowOperation instance has already been executed.");
      operation.#used = true;
      return operation.#handle;
    };
  }
}
