/** What there is besides workflows: where its rows come from, what is shown of them, and what can be done to one. */

import type { ReactNode } from "react";
import type { Action } from "../../shared/actions";
import type { TopicKind } from "../../shared/events";
import type { RouteKey } from "../../shared/routes";
import { type Act, type Field, inputs, reason } from "../parts/action";
import type { Column } from "../parts/table";
import { Time } from "../parts/time";

export interface Resource {
  title: string;
  /** What somebody must be allowed to do to see it. */
  action: Action;
  /** It belongs to no namespace. */
  isGlobal?: boolean;
  list: RouteKey;
  /** Pushes what `list` answers. */
  topic?: TopicKind;
  /** Its list takes a query. */
  hasFilter?: boolean;
  /** Rows of an answer that has no `rows`. */
  rows?(answer: any): any[];
  columns: readonly Column<any>[];
  idOf(row: any): string;
  /** Where one of them comes from. */
  item?: RouteKey;
  /** Parameters of the routes of one of them. */
  paramsOf(id: string): Record<string, string>;
  /** What the actions of one of them have in their body because of how it is. */
  bodyOf?(item: any): object;
  create?: readonly Act[];
  acts?: readonly Act[];
  /** What to say while there are none: how the first one is made. */
  empty: ReactNode;
  note?: string;
}

const text = (title: string, of: (row: any) => unknown): Column<any> => ({
  title,
  cell: (row) => {
    const value = of(row);
    return value === undefined || value === null || value === "" ? <span className="quiet">–</span> : String(value);
  },
});
const when = (title: string, of: (row: any) => string | undefined): Column<any> => ({
  title,
  cell: (row) => <Time value={of(row)} />,
});
/** `SOME_ENUM_VALUE_NAME` as "value name". */
const word = (value: string | undefined, prefix: string) =>
  (value ?? "").replace(prefix, "").toLowerCase().replaceAll("_", " ");
const field = (name: string, label: string, more: Partial<Field> = {}): Field => ({ name, label, ...more });
const remove = (label: string, action: Action, key: RouteKey): Act => ({
  label,
  action,
  key,
  fields: [reason],
  isDangerous: true,
});

const scheduleFields: readonly Field[] = [
  field("spec.cron", "Cron", { kind: "lines", hint: 'A line each, such as "0 3 * * *".' }),
  field("spec.intervals", "Intervals", { kind: "json", hint: '[{"every": "1h"}]' }),
  field("spec.timeZone", "Time zone", { hint: "For example Europe/Berlin. Left empty: UTC." }),
  field("action.type", "Workflow type", { isNeeded: true }),
  field("action.taskQueue", "Task queue", { isNeeded: true }),
  field("action.workflowId", "Workflow id", { isNeeded: true, hint: "The time is put behind it." }),
  { ...inputs, name: "action.input" },
  field("policies.overlap", "If the one before still runs", {
    kind: "choice",
    choices: ["Skip", "BufferOne", "BufferAll", "CancelOther", "TerminateOther", "AllowAll"],
  }),
  field("note", "Note"),
];

const timeoutFields: readonly Field[] = [
  field("startToCloseTimeout", "Time for one attempt", { hint: "For example 30s." }),
  field("scheduleToCloseTimeout", "Time for all attempts"),
];

/** By the last part of their path. */
export const resources: Record<string, Resource> = {
  schedules: {
    title: "Schedules",
    action: "schedule.read",
    list: "GET /ns/:ns/schedules",
    topic: "schedules",
    columns: [
      text("Schedule", (row) => row.scheduleId),
      text("State", ({ info }) => (info?.paused ? "paused" : "active")),
      text("Starts", ({ info }) => info?.workflowType?.name),
      when("Next", ({ info }) => info?.futureActionTimes?.[0]),
      when("Last", ({ info }) => info?.recentActions?.at(-1)?.actualTime),
      text("Note", ({ info }) => info?.notes),
    ],
    idOf: (row) => row.scheduleId,
    item: "GET /ns/:ns/schedules/:id",
    paramsOf: (id) => ({ id }),
    create: [
      {
        label: "Make a schedule",
        action: "schedule.write",
        key: "POST /ns/:ns/schedules",
        body: { spec: {} },
        fields: [field("id", "Schedule id", { isNeeded: true }), ...scheduleFields],
      },
    ],
    acts: [
      { label: "Trigger", action: "schedule.write", key: "POST /ns/:ns/schedules/:id/trigger" },
      { label: "Pause", action: "schedule.write", key: "POST /ns/:ns/schedules/:id/pause", fields: [reason] },
      { label: "Unpause", action: "schedule.write", key: "POST /ns/:ns/schedules/:id/unpause", fields: [reason] },
      {
        label: "Backfill",
        action: "schedule.write",
        key: "POST /ns/:ns/schedules/:id/backfill",
        fields: [
          field("from", "From", { isNeeded: true, hint: "2026-01-31T12:00:00Z" }),
          field("to", "To", { isNeeded: true }),
        ],
      },
      remove("Delete", "schedule.write", "DELETE /ns/:ns/schedules/:id"),
    ],
    empty: (
      <>
        No schedule yet. This makes one:{" "}
        <code>
          temporal schedule create --schedule-id nightly --cron "0 3 * * *" --type report --task-queue reports
        </code>
      </>
    ),
  },
  queues: {
    title: "Task queues",
    action: "queue.read",
    list: "GET /ns/:ns/queues",
    columns: [
      text("Task queue", ({ name }) => name),
      text("Workers", ({ workers }) => workers),
      text("Runs", ({ hasRuns }) => (hasRuns ? "yes" : "none seen")),
    ],
    idOf: ({ name }) => name,
    item: "GET /ns/:ns/queues/:q",
    paramsOf: (q) => ({ q }),
    acts: [
      {
        label: "Limit",
        action: "queue.limit",
        key: "PUT /ns/:ns/queues/:q/config",
        fields: [
          field("type", "Of", { kind: "choice", choices: ["Activity", "Workflow", "Nexus"] }),
          field("queueLimit.perSecond", "Tasks a second", {
            kind: "number",
            isNeeded: true,
            hint: "0 stops the queue.",
          }),
          field("queueLimit.reason", "Reason", { isNeeded: true }),
        ],
      },
    ],
    empty: "Task queues appear with their first Worker or run.",
    note: "Those that Workers poll, and those of the newest running workflows.",
  },
  hosts: {
    title: "Workers",
    action: "worker.read",
    list: "GET /ns/:ns/hosts",
    topic: "hosts",
    columns: [
      text("Worker", (row) => row.workerInstanceKey ?? row.workerHeartbeat?.workerInstanceKey),
      text("Identity", (row) => row.workerIdentity ?? row.workerHeartbeat?.workerIdentity),
      text("Task queue", (row) => row.taskQueue ?? row.workerHeartbeat?.taskQueue),
      text("SDK", (row) => `${row.sdkName ?? ""} ${row.sdkVersion ?? ""}`.trim()),
      text("State", (row) => word(row.status ?? row.workerHeartbeat?.status, "WORKER_STATUS_")),
      when("Since", (row) => row.startTime),
    ],
    idOf: (row) => row.workerInstanceKey ?? row.workerHeartbeat?.workerInstanceKey,
    item: "GET /ns/:ns/hosts/:key",
    paramsOf: (key) => ({ key }),
    empty: (
      <>
        No Worker has sent a heartbeat. <code>bunx temporal-bun worker ./worker.ts</code> starts one; Workers of other
        SDKs send heartbeats if they are told to.
      </>
    ),
  },
  deployments: {
    title: "Deployments",
    action: "deployment.read",
    list: "GET /ns/:ns/deployments",
    topic: "deployments",
    columns: [
      text("Deployment", ({ name }) => name),
      text("Current", ({ routingConfig }) => routingConfig?.currentDeploymentVersion?.buildId),
      text("Ramping", ({ routingConfig }) => routingConfig?.rampingDeploymentVersion?.buildId),
      when("Made", ({ createTime }) => createTime),
    ],
    idOf: ({ name }) => name,
    item: "GET /ns/:ns/deployments/:d",
    paramsOf: (d) => ({ d }),
    create: [
      {
        label: "Make a deployment",
        action: "deployment.write",
        key: "POST /ns/:ns/deployments",
        fields: [field("name", "Name", { isNeeded: true })],
      },
    ],
    acts: [
      {
        label: "Set current",
        action: "deployment.write",
        key: "POST /ns/:ns/deployments/:d/current",
        fields: [field("buildId", "Build id", { isNeeded: true }), reason],
      },
      {
        label: "Ramp",
        action: "deployment.write",
        key: "POST /ns/:ns/deployments/:d/ramp",
        fields: [
          field("buildId", "Build id", { isNeeded: true }),
          field("percentage", "Percent", { kind: "number", isNeeded: true }),
          reason,
        ],
      },
      remove("Delete", "deployment.write", "DELETE /ns/:ns/deployments/:d"),
    ],
    empty: (
      <>
        No deployment yet. One appears with the first Worker that has <code>workerDeploymentOptions</code>.
      </>
    ),
  },
  activities: {
    title: "Activities",
    action: "activity.read",
    list: "GET /ns/:ns/activities",
    topic: "activities",
    hasFilter: true,
    columns: [
      text("Activity", ({ activityId }) => activityId),
      text("Type", ({ activityType }) => activityType?.name),
      text("Status", ({ status }) => word(status, "ACTIVITY_EXECUTION_STATUS_")),
      text("Task queue", ({ taskQueue }) => taskQueue),
      when("Start", ({ scheduleTime }) => scheduleTime),
      when("End", ({ closeTime }) => closeTime),
    ],
    idOf: ({ activityId }) => activityId,
    item: "GET /ns/:ns/activities/:id",
    paramsOf: (id) => ({ id }),
    create: [
      {
        label: "Start an activity",
        action: "activity.write",
        key: "POST /ns/:ns/activities",
        fields: [
          field("type", "Type", { isNeeded: true }),
          field("taskQueue", "Task queue", { isNeeded: true }),
          field("activityId", "Activity id", { hint: "Left empty, a random one." }),
          inputs,
          ...timeoutFields,
        ],
      },
    ],
    acts: [
      { label: "Pause", action: "activity.write", key: "POST /ns/:ns/activities/:id/pause", fields: [reason] },
      { label: "Unpause", action: "activity.write", key: "POST /ns/:ns/activities/:id/unpause" },
      { label: "Reset", action: "activity.write", key: "POST /ns/:ns/activities/:id/reset" },
      {
        label: "Change options",
        action: "activity.write",
        key: "POST /ns/:ns/activities/:id/update-options",
        fields: timeoutFields,
      },
      {
        label: "Complete",
        action: "activity.write",
        key: "POST /ns/:ns/activities/:id/complete",
        fields: [field("result", "Result", { kind: "json", isNeeded: true })],
      },
      { label: "Fail", action: "activity.write", key: "POST /ns/:ns/activities/:id/fail", fields: [reason] },
      { label: "Cancel", action: "activity.write", key: "POST /ns/:ns/activities/:id/cancel", fields: [reason] },
      remove("Terminate", "activity.write", "POST /ns/:ns/activities/:id/terminate"),
      remove("Delete", "activity.write", "DELETE /ns/:ns/activities/:id"),
    ],
    empty: (
      <>
        No activity has been started by itself. <code>client.activity.start(…)</code> starts one; those of workflows are
        on the pages of their runs.
      </>
    ),
  },
  batch: {
    title: "Batch jobs",
    action: "batch.read",
    list: "GET /ns/:ns/batch",
    topic: "batch",
    columns: [
      text("Job", ({ jobId }) => jobId),
      text("State", ({ state }) => word(state, "BATCH_OPERATION_STATE_")),
      when("Start", ({ startTime }) => startTime),
      when("End", ({ closeTime }) => closeTime),
    ],
    idOf: ({ jobId }) => jobId,
    item: "GET /ns/:ns/batch/:job",
    paramsOf: (job) => ({ job }),
    acts: [remove("Stop", "workflow.batch", "POST /ns/:ns/batch/:job/stop")],
    empty: "No batch job yet. Choose workflows in their list, and say what is to be done to them.",
  },
  operations: {
    title: "Nexus operations",
    action: "nexus.read",
    list: "GET /ns/:ns/nexus/operations",
    hasFilter: true,
    columns: [
      text("Operation", ({ operationId }) => operationId),
      text("Name", (row) => `${row.service ?? ""} ${row.operation ?? ""}`.trim()),
      text("Endpoint", ({ endpoint }) => endpoint),
      text("Status", ({ status }) => word(status, "NEXUS_OPERATION_EXECUTION_STATUS_")),
    ],
    idOf: ({ operationId }) => operationId,
    item: "GET /ns/:ns/nexus/operations/:id",
    paramsOf: (id) => ({ id }),
    acts: [
      { label: "Cancel", action: "activity.write", key: "POST /ns/:ns/nexus/operations/:id/cancel", fields: [reason] },
      remove("Terminate", "activity.write", "POST /ns/:ns/nexus/operations/:id/terminate"),
      remove("Delete", "activity.write", "DELETE /ns/:ns/nexus/operations/:id"),
    ],
    empty: "No Nexus operation has been started by itself.",
  },
  "search-attributes": {
    title: "Search attributes",
    action: "namespace.read",
    list: "GET /ns/:ns/search-attributes",
    rows: ({ custom, system }) =>
      [custom, system].flatMap((all, at) =>
        Object.entries(all as object).map(([name, type]) => ({
          name,
          type,
          from: at === 0 ? "yours" : "the server's",
        })),
      ),
    columns: [text("Name", ({ name }) => name), text("Type", ({ type }) => type), text("From", ({ from }) => from)],
    idOf: ({ name }) => name,
    paramsOf: (name) => ({ name }),
    create: [
      {
        label: "Add a search attribute",
        action: "searchattr.write",
        key: "POST /ns/:ns/search-attributes",
        fields: [
          field("name", "Name", { isNeeded: true }),
          field("type", "Type", {
            kind: "choice",
            choices: ["Keyword", "KeywordList", "Text", "Int", "Double", "Bool", "Datetime"],
          }),
        ],
      },
    ],
    acts: [remove("Remove", "searchattr.write", "DELETE /ns/:ns/search-attributes/:name")],
    empty: "There are none.",
  },
  namespaces: {
    title: "Namespaces",
    action: "namespace.read",
    isGlobal: true,
    list: "GET /namespaces",
    columns: [
      text("Namespace", ({ name }) => name),
      text("State", ({ state }) => state),
      text("Retention", ({ retention }) => retention),
      text("Description", ({ description }) => description),
    ],
    idOf: ({ name }) => name,
    item: "GET /namespaces/:ns",
    paramsOf: (ns) => ({ ns }),
    create: [
      {
        label: "Make a namespace",
        action: "namespace.write",
        key: "POST /namespaces",
        fields: [
          field("name", "Name", { isNeeded: true }),
          field("description", "Description"),
          field("retention", "Retention", { hint: "For example 7d. Left empty: 3 days." }),
        ],
      },
    ],
    acts: [
      {
        label: "Change",
        action: "namespace.write",
        key: "PATCH /namespaces/:ns",
        fields: [field("description", "Description"), field("retention", "Retention"), field("ownerEmail", "Owner")],
      },
      remove("Deprecate", "namespace.write", "POST /namespaces/:ns/deprecate"),
      {
        label: "Delete",
        action: "namespace.write",
        key: "DELETE /namespaces/:ns",
        fields: [field("confirm", "Its name, once more", { isNeeded: true }), reason],
        isDangerous: true,
      },
    ],
    empty: "No namespace is granted to you. Ask an admin of the console.",
  },
  nexus: {
    title: "Nexus endpoints",
    action: "nexus.read",
    isGlobal: true,
    list: "GET /nexus/endpoints",
    columns: [
      text("Endpoint", ({ spec }) => spec?.name),
      text("Namespace", ({ spec }) => spec?.target?.worker?.namespace),
      text("Task queue", ({ spec }) => spec?.target?.worker?.taskQueue),
      text("Address", ({ spec }) => spec?.target?.external?.url),
    ],
    idOf: ({ id }) => id,
    item: "GET /nexus/endpoints/:id",
    paramsOf: (id) => ({ id }),
    bodyOf: (item) => ({ version: item?.version ?? "0" }),
    create: [
      {
        label: "Make an endpoint",
        action: "nexus.write",
        key: "POST /nexus/endpoints",
        fields: [
          field("name", "Name", { isNeeded: true }),
          field("target.namespace", "Namespace", { isNeeded: true }),
          field("target.taskQueue", "Task queue", { isNeeded: true }),
          field("description", "Description"),
        ],
      },
    ],
    acts: [remove("Delete", "nexus.write", "DELETE /nexus/endpoints/:id")],
    empty: (
      <>
        No endpoint yet. This makes one:{" "}
        <code>
          temporal operator nexus endpoint create --name orders --target-namespace default --target-task-queue orders
        </code>
      </>
    ),
  },
  clusters: {
    title: "Clusters",
    action: "cluster.read",
    isGlobal: true,
    list: "GET /clusters",
    columns: [
      text("Cluster", ({ clusterName }) => clusterName),
      text("Address", ({ address }) => address),
      text("Connected", ({ isConnectionEnabled }) => (isConnectionEnabled ? "yes" : "no")),
    ],
    idOf: ({ clusterName }) => clusterName,
    paramsOf: (name) => ({ name }),
    create: [
      {
        label: "Add a cluster",
        action: "cluster.write",
        key: "PUT /clusters",
        fields: [
          field("frontendAddress", "Address", { isNeeded: true }),
          field("enableConnection", "Connect", { kind: "check" }),
        ],
      },
    ],
    acts: [remove("Remove", "cluster.write", "DELETE /clusters/:name")],
    empty: "The server knows no cluster, not even itself.",
  },
  audit: {
    title: "Audit log",
    action: "audit.read",
    isGlobal: true,
    list: "GET /audit",
    topic: "audit",
    columns: [
      text("No.", ({ seq }) => seq),
      when("Time", ({ at }) => at),
      text("Who", ({ actor }) => actor),
      text("What", ({ action, event }) => action ?? event),
      text("Namespace", ({ namespace }) => namespace),
      text("To", ({ target }) => target),
      text("Reason", ({ reason: why }) => why),
      text("Outcome", ({ outcome }) => outcome),
    ],
    idOf: ({ seq }) => String(seq),
    paramsOf: () => ({}),
    create: [{ label: "Verify", action: "audit.read", key: "GET /audit/verify", shows: true }],
    empty: "Nothing has been done yet.",
  },
  grants: {
    title: "Grants",
    action: "rbac.write",
    isGlobal: true,
    list: "GET /grants",
    columns: [
      text("Who", ({ group, subject }) => (group === undefined ? subject : `group ${group}`)),
      text("Role", ({ role }) => role),
      text("Namespaces", ({ namespaces }) => namespaces),
      text("From", ({ id }) => (id === undefined ? "the configuration" : "the console")),
    ],
    idOf: ({ id, group, subject, role, namespaces }) => id ?? [group, subject, role, namespaces].join("/"),
    paramsOf: (id) => ({ id }),
    create: [
      {
        label: "Give a role",
        action: "rbac.write",
        key: "POST /grants",
        fields: [
          field("group", "Group"),
          field("subject", "Or subject"),
          field("role", "Role", { isNeeded: true, hint: "viewer, developer, operator, admin or auditor" }),
          field("namespaces", "Namespaces", { isNeeded: true, initial: "*" }),
          reason,
        ],
      },
    ],
    acts: [remove("Take back", "rbac.write", "DELETE /grants/:id")],
    empty: "No grant is there: only who the mode lets in may do anything.",
  },
  tokens: {
    title: "API tokens",
    action: "token.write",
    isGlobal: true,
    list: "GET /tokens",
    columns: [
      text("Name", ({ name }) => name),
      text("Grants", ({ grants }) => grants.map((one: any) => `${one.role} in ${one.namespaces}`).join(", ")),
      text("By", ({ createdBy }) => createdBy),
      when("Until", ({ expires }) => expires),
    ],
    idOf: ({ id }) => id,
    paramsOf: (id) => ({ id }),
    create: [
      {
        label: "Make a token",
        action: "token.write",
        key: "POST /tokens",
        shows: true,
        fields: [
          field("name", "Name", { isNeeded: true }),
          field("grants", "Grants", {
            kind: "json",
            isNeeded: true,
            initial: '[{"role": "viewer", "namespaces": "*"}]',
          }),
          field("lifetime", "Lifetime", { hint: "For example 30d, which is the default." }),
        ],
      },
    ],
    acts: [remove("Revoke", "token.write", "DELETE /tokens/:id")],
    empty: "No token yet. Programs need one for the API.",
  },
  sessions: {
    title: "Sessions",
    action: "rbac.write",
    isGlobal: true,
    list: "GET /sessions",
    columns: [
      text("Who", ({ name, subject }) => name ?? subject),
      when("Since", ({ created }) => created),
      when("Last seen", ({ lastUsed }) => lastUsed),
      text("From", ({ ip }) => ip),
      text("", ({ current }) => (current ? "this one" : "")),
    ],
    idOf: ({ id }) => id,
    paramsOf: (id) => ({ id }),
    acts: [remove("End", "rbac.write", "DELETE /sessions/:id")],
    empty: "Nobody is logged in.",
  },
};
