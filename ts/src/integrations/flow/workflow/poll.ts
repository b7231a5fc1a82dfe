/** A look for new items: a Workflow that a schedule starts. Where the look before ended is what its run returned. */
import { proxyActivities, workflowInfo } from "../../../workflow";
import { POLL_ACTIVITY, type PollCall, type PollOutcome } from "../plan";

/** Looks once. */
export function poll(call: PollCall): Promise<PollOutcome> {
  const activities = proxyActivities<Record<string, (call: PollCall) => Promise<PollOutcome>>>({
    startToCloseTimeout: call.timeout ?? "1 minute",
    heartbeatTimeout: "20s",
    retry: { maximumInterval: "1 minute" },
  });
  const { cursor } = (workflowInfo().lastResult as PollOutcome | undefined) ?? {};
  return activities[POLL_ACTIVITY]!({ ...call, ...(cursor === undefined ? {} : { cursor }) });
}
