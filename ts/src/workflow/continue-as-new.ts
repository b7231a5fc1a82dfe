import { mapToPayloads, type Workflow } from "../common";
import { encodeUnifiedSearchAttributes } from "../common/converter/payload-search-attributes";
import { msOptionalToTs } from "../common/time";
import { versioningIntentToProto } from "../common/versioning-intent";
import { encodeInitialVersioningBehavior } from "../common/worker-deployments";
import { requireRun } from "./current";
import { ContinueAsNew } from "./errors";
import { eventGroupMarkers } from "./event-groups";
import { type ContinueAsNewInput, compose } from "./interceptors";
import type { ContinueAsNewOptions } from "./interfaces";

/**
 * Makes a function that ends the run and starts the Workflow anew, with an empty history.
 *
 * @param options of the next run, see {@link ContinueAsNewOptions}
 * @returns takes the arguments of the next run; its promise always rejects, with the {@link ContinueAsNew} that must
 *   leave the Workflow's function
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function makeContinueAsNewFunc<F extends Workflow>(
  options?: ContinueAsNewOptions,
): (...args: Parameters<F>) => Promise<never> {
  const run = requireRun("Workflow.continueAsNew(...) and Workflow.makeContinueAsNewFunc(...)");
  const { workflowType, taskQueue, ...rest } = options ?? {};
  const withDefaults = {
    workflowType: workflowType ?? run.workflowType,
    taskQueue: taskQueue ?? run.host.taskQueue,
    ...rest,
  };
  return (...args) => {
    const next = compose(run, run.interceptors.outbound, "continueAsNew", throwContinueAsNew);
    return next({ args, headers: {}, options: withDefaults });
  };
}

/**
 * Ends the run and starts the Workflow anew with these arguments and an empty history: a
 * {@link makeContinueAsNewFunc} without options.
 *
 * @returns always rejects, with the {@link ContinueAsNew} that must leave the Workflow's function
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function continueAsNew<F extends Workflow>(...args: Parameters<F>): Promise<never> {
  return makeContinueAsNewFunc<F>()(...args);
}

async function throwContinueAsNew({ headers, args, options }: ContinueAsNewInput): Promise<never> {
  const run = requireRun("Workflow.continueAsNew(...) and Workflow.makeContinueAsNewFunc(...)");
  const context = run.context();
  const typeInfo = options.typeInfo ?? (options.workflowType === run.workflowType ? run.typeInfo : undefined);
  const { searchAttributes, typedSearchAttributes } = options;
  throw new ContinueAsNew(
    {
      workflowType: options.workflowType,
      arguments: run.toPayloads(args, context, typeInfo?.inputTypes),
      headers,
      taskQueue: options.taskQueue,
      memo: options.memo && mapToPayloads(run.payloadConverter, options.memo, context),
      searchAttributes:
        searchAttributes || typedSearchAttributes
          ? { indexedFields: encodeUnifiedSearchAttributes(searchAttributes, typedSearchAttributes) }
          : undefined,
      workflowRunTimeout: msOptionalToTs(options.workflowRunTimeout, "workflowRunTimeout"),
      workflowTaskTimeout: msOptionalToTs(options.workflowTaskTimeout, "workflowTaskTimeout"),
      backoffStartInterval: msOptionalToTs(options.backoffStartInterval, "backoffStartInterval"),
      versioningIntent: versioningIntentToProto(options.versioningIntent),
      initialVersioningBehavior: encodeInitialVersioningBehavior(options.initialVersioningBehavior),
    },
    eventGroupMarkers(options.eventGroups),
  );
}
