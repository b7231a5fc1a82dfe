// Workflows are replayed, so they only decide: everything else is an activity's work.
import { proxyActivities } from "temporal-bun-sdk/workflow";
import type * as activities from "./activities";

const { greeting } = proxyActivities<typeof activities>({ startToCloseTimeout: "10 seconds" });

/** Greets somebody. */
export async function hello(name: string, language = "en"): Promise<string> {
  return `${await greeting(language)}, ${name}!`;
}
