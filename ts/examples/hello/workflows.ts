import { proxyActivities } from "temporal-bun-sdk/workflow";
import type { activities } from "./hello";

const { greeting } = proxyActivities<typeof activities>({ startToCloseTimeout: "1 minute" });

export async function hello(name: string): Promise<string> {
  return `${await greeting()}, ${name}!`;
}
