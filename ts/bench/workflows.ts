import { proxyActivities } from "temporal-bun-sdk/workflow";

const { echo } = proxyActivities<{ echo(value: string): Promise<string> }>({ startToCloseTimeout: "1 minute" });

/** Returns at once. */
export async function immediate(value: string): Promise<string> {
  return value;
}

export async function oneActivity(value: string): Promise<string> {
  return await echo(value);
}

/** `count` activities one after the other: six events each. */
export async function sequential(count: number): Promise<number> {
  for (let index = 0; index < count; index++) await echo(`activity ${index}`);
  return count;
}

/** `count` activities at once: three events each, and some workflow tasks between them. */
export async function parallel(count: number): Promise<number> {
  await Promise.all(Array.from({ length: count }, (_, index) => echo(`activity ${index}`)));
  return count;
}
