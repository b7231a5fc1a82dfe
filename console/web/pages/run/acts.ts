/** What can be done to a run. */

import { type Act, inputs, reason } from "../../parts/action";

/** What can be done to a run that is open. */
export const acts: readonly Act[] = [
  {
    label: "Signal",
    action: "workflow.signal",
    key: "POST /ns/:ns/workflows/:id/:run/signal",
    fields: [{ name: "name", label: "Signal", isNeeded: true }, inputs],
  },
  {
    label: "Update",
    action: "workflow.update",
    key: "POST /ns/:ns/workflows/:id/:run/update",
    fields: [{ name: "name", label: "Update", isNeeded: true }, inputs],
    shows: true,
  },
  { label: "Cancel", action: "workflow.cancel", key: "POST /ns/:ns/workflows/:id/:run/cancel", fields: [reason] },
  {
    label: "Terminate",
    action: "workflow.terminate",
    key: "POST /ns/:ns/workflows/:id/:run/terminate",
    fields: [reason],
    isDangerous: true,
  },
  { label: "Pause", action: "workflow.pause", key: "POST /ns/:ns/workflows/:id/:run/pause", fields: [reason] },
  { label: "Unpause", action: "workflow.pause", key: "POST /ns/:ns/workflows/:id/:run/unpause", fields: [reason] },
];

/** What can be done to any. */
export const always: readonly Act[] = [
  {
    label: "Reset",
    action: "workflow.reset",
    key: "POST /ns/:ns/workflows/:id/:run/reset",
    fields: [
      { name: "to.at", label: "To", kind: "choice", choices: ["FirstWorkflowTask", "LastWorkflowTask"] },
      { name: "to.eventId", label: "Or to event", kind: "number", hint: "The id of a WorkflowTaskCompleted event." },
      reason,
    ],
    isDangerous: true,
    shows: true,
  },
  {
    label: "Delete",
    action: "workflow.delete",
    key: "DELETE /ns/:ns/workflows/:id/:run",
    fields: [reason],
    isDangerous: true,
  },
];

export const ask: Act = {
  label: "Ask a query",
  action: "workflow.query",
  key: "POST /ns/:ns/workflows/:id/:run/query",
  fields: [{ name: "name", label: "Query", isNeeded: true, initial: "__stack_trace" }, inputs],
  shows: true,
};
