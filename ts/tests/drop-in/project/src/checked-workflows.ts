import assert from "node:assert";
import { proxyActivities } from "@temporalio/workflow";

export declare const NeededActivities: Pick<typeof import("./activities"), "charge">;

const { charge } = proxyActivities<typeof NeededActivities>({ startToCloseTimeout: "1 minute" });

export async function checked(total: number): Promise<string> {
  assert(total > 0, "totals are positive");
  return charge(total);
}
