import { Context } from "temporal-bun-sdk/activity";
import { refusal } from "./refusal";

/** What a value is in JavaScript. */
export async function describe(value: unknown): Promise<string> {
  return Bun.inspect(value, { compact: true }).replaceAll(/\s+/g, " ");
}

/** Gives back what it gets. */
export async function echo(value: unknown): Promise<unknown> {
  // Not before the second attempt, so that retries are seen to work too.
  if (Context.current().info.attempt === 1) throw new Error("try again");
  return value;
}

/** Fails, and is not tried again. */
export async function refuse(what: string): Promise<never> {
  throw refusal(what);
}
