import type { History, HistoryEvent } from "../../src/proto/temporal/api/history/v1/message";
import { eventually } from "./eventually";

/** The failure of a Workflow's first failed task, once there is one. */
export async function taskFailure(handle: { fetchHistory(): Promise<History> }): Promise<any> {
  const isFailure = ({ workflowTaskFailedEventAttributes: failed }: HistoryEvent) => failed !== undefined;
  const { events } = await eventually(
    () => handle.fetchHistory(),
    ({ events }) => events?.some(isFailure) === true,
  );
  return events!.find(isFailure)!.workflowTaskFailedEventAttributes!.failure;
}
