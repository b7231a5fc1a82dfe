/** Starts that a collector takes, before there is a run. */
import type { Client } from "../../../client";
import { ApplicationFailure } from "../../../common";
import type { Definition } from "../definition";
import { failureTypes } from "../plan";
import { issuesText, validate } from "../schema";
import { COLLECT_SIGNAL, COLLECTOR_WORKFLOW, type Collected } from "../workflow/gate-messages";
import { asStored, gateId } from "./keys";
import type { Control } from "./options";

/** Payloads are handed over with what else was collected, in characters: the server's limit is 2 MB. */
const largest = 1_000_000;

/** Gives a start to the collector. Returns the collector's id. */
export async function collect(
  client: Client,
  flow: Definition,
  { rule, key }: NonNullable<Control["collector"]>,
  payload: unknown,
  { key: named, taskQueue }: { key: string | undefined; taskQueue: string },
): Promise<string> {
  const checked = await validate(flow.payload, payload);
  if ("issues" in checked)
    throw ApplicationFailure.nonRetryable(
      `The payload isn't what the flow '${flow.id}' takes: ${issuesText(checked.issues)}`,
      failureTypes.payload,
      { issues: checked.issues },
    );
  if (rule.kind === "batch" && !Array.isArray(payload))
    throw ApplicationFailure.nonRetryable(
      `The flow '${flow.id}' has batch, so its payload must be a list, got ${typeof payload}`,
      failureTypes.payload,
    );
  const size = JSON.stringify(payload ?? null).length;
  if (size > largest)
    throw ApplicationFailure.nonRetryable(
      `The payload of the flow '${flow.id}' has ${size} characters. With ${rule.kind} it can have ${largest}: store it elsewhere and give where`,
      failureTypes.payload,
    );
  const workflowId = gateId(flow, { kind: rule.kind, key, taskQueue }, asStored(checked.value));
  const collected: Collected = { rule, payload, ...(named === undefined ? {} : { key: named }) };
  await client.workflow.signalWithStart(COLLECTOR_WORKFLOW, {
    workflowId,
    taskQueue,
    args: [{ flow: flow.id }],
    signal: COLLECT_SIGNAL,
    signalArgs: [collected],
  });
  return workflowId;
}
