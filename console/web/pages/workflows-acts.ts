/** How workflows are started by hand, and what can be done to many of them. */

import { type Act, inputs, reason } from "../parts/action";

export const startAct: Act = {
  label: "Start a workflow",
  action: "workflow.start",
  key: "POST /ns/:ns/workflows",
  shows: true,
  fields: [
    { name: "type", label: "Type", isNeeded: true },
    { name: "taskQueue", label: "Task queue", isNeeded: true },
    { name: "workflowId", label: "Workflow id", hint: "Left empty, a random one." },
    inputs,
    {
      name: "conflictPolicy",
      label: "If one with this id runs",
      kind: "choice",
      choices: ["Fail", "UseExisting", "TerminateExisting"],
    },
    { name: "executionTimeout", label: "Time for all of it", hint: "For example 1h. Left empty: no limit." },
    { name: "startDelay", label: "Begin after", hint: "For example 30s." },
    { name: "signal.name", label: "With a signal" },
    { name: "memo", label: "Memo", kind: "json", hint: "A JSON object." },
    { name: "searchAttributes", label: "Search attributes", kind: "json", hint: "A JSON object." },
  ],
};

export const batchActs: readonly Act[] = [
  {
    label: "Cancel",
    action: "workflow.batch",
    key: "POST /ns/:ns/batch",
    body: { operation: { kind: "cancel" } },
    fields: [reason],
  },
  {
    label: "Terminate",
    action: "workflow.batch",
    key: "POST /ns/:ns/batch",
    body: { operation: { kind: "terminate" } },
    fields: [reason],
    isDangerous: true,
  },
  {
    label: "Signal",
    action: "workflow.batch",
    key: "POST /ns/:ns/batch",
    body: { operation: { kind: "signal" } },
    fields: [
      { name: "operation.name", label: "Signal", isNeeded: true },
      { ...inputs, name: "operation.input" },
      reason,
    ],
  },
  {
    label: "Reset",
    action: "workflow.batch",
    key: "POST /ns/:ns/batch",
    body: { operation: { kind: "reset" } },
    fields: [
      { name: "operation.at", label: "To", kind: "choice", choices: ["FirstWorkflowTask", "LastWorkflowTask"] },
      reason,
    ],
    isDangerous: true,
  },
  {
    label: "Delete",
    action: "workflow.batch",
    key: "POST /ns/:ns/batch",
    body: { operation: { kind: "delete" } },
    fields: [reason],
    isDangerous: true,
  },
];
