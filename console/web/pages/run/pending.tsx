/** What a run waits for, and what can be done about its activities. */

import type { Response } from "../../../shared/routes";
import { type Act, ActionButton, reason } from "../../parts/action";
import { Json } from "../../parts/json";

const act = (label: string, name: string, more: Partial<Act>): Act => ({
  label,
  action: "activity.write",
  key: `POST /ns/:ns/activities/:id/${name}` as Act["key"],
  ...more,
});
const pause = act("Pause", "pause", { fields: [reason] });
const unpause = act("Unpause", "unpause", {});
const others: readonly Act[] = [
  act("Begin again", "reset", { isDangerous: true }),
  act("Complete", "complete", {
    fields: [{ name: "result", label: "Result", kind: "json", isNeeded: true, hint: "JSON, in the worker's place." }],
  }),
  act("Fail", "fail", { fields: [reason], isDangerous: true }),
];

interface Properties {
  shown: { ns: string; id: string; run: string };
  described: Response<"GET /ns/:ns/workflows/:id/:run"> | undefined;
}

export function Pending({ shown: { ns, id, run }, described }: Properties) {
  const activities = described?.pendingActivities ?? [];
  const parts: [string, readonly unknown[] | undefined][] = [
    ["Child workflows", described?.pendingChildren],
    ["Nexus operations", described?.pendingNexusOperations],
    ["Callbacks", described?.callbacks],
    ["Workflow task", described?.pendingWorkflowTask && [described.pendingWorkflowTask]],
  ];
  const there = parts.filter(([, list]) => (list?.length ?? 0) > 0);
  if (there.length === 0 && activities.length === 0) return <p>It waits for nothing outside of itself.</p>;
  return (
    <>
      {activities.length > 0 && <h2>Activities</h2>}
      {activities.map((activity, at) => (
        <div key={activity.activityId}>
          <Json value={activity} label={`Activities ${at + 1}`} />
          <fieldset className="buttons" aria-label={`Activity ${activity.activityId}`}>
            {[activity.paused ? unpause : pause, ...others].map((one) => (
              <ActionButton
                key={one.label}
                act={one}
                params={{ ns, id: activity.activityId ?? "" }}
                more={{ workflowId: id, runId: run }}
              />
            ))}
          </fieldset>
        </div>
      ))}
      {there.map(([title, list]) => (
        <section key={title}>
          <h2>{title}</h2>
          {list!.map((one, at) => (
            <Json key={String(at)} value={one} label={`${title} ${at + 1}`} />
          ))}
        </section>
      ))}
    </>
  );
}
