/** Activities that leave a line for each attempt, by which the soak sees what was done how often. */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { activityInfo, Context } from "../../src/activity";

/** A line of the file of effects. */
export interface Effect {
  workflowId: string;
  name: string;
  attempt: number;
  local: boolean;
}

const file = process.env["SOAK_EFFECTS"] ?? "/dev/null";

/** Takes a moment, leaves a line in the middle of it, and returns its number doubled. */
export async function effect(name: string, n: number): Promise<number> {
  const { workflowExecution, attempt, isLocal } = activityInfo();
  await delay(10 + (n % 5) * 10);
  const line: Effect = { workflowId: workflowExecution!.workflowId, name, attempt, local: isLocal };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
  await delay(10);
  return 2 * n;
}

/** Heartbeats, and goes on from where the attempt before was. */
export async function longEffect(name: string, steps: number): Promise<number> {
  const context = Context.current();
  for (let step = (context.info.heartbeatDetails as number | undefined) ?? 0; step < steps; step++) {
    await delay(20);
    context.heartbeat(step + 1);
  }
  return effect(name, steps);
}
