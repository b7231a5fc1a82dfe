/** Events: what many runs can wait for, and what starts flows. */
import { ApplicationFailure } from "../../../common";
import { positiveMs } from "../definition";
import { outputText } from "../outputs";
import { failureTypes } from "../plan";
import { issuesText, type SchemaInput, type SchemaOutput, type StandardSchema, validate } from "../schema";
import type { Stored } from "../types";

const namePattern = /^[A-Za-z0-9][\w.-]{0,99}$/;
/** Longest key of an event, in characters: it becomes a part of a Workflow's id. */
export const longestKey = 500;
/** A hub's history and those of its runs have it many times. */
const maxBytes = 256 * 1024;

/** Options of {@link event}. */
export interface EventOptions<Schema extends StandardSchema<any, any>> {
  /** Checks what is published. */
  payload: Schema;
  /** What runs wait by: they get the events whose key is what their `match` says. Default: they get all. */
  key?: (payload: SchemaOutput<Schema>) => string;
  /** How long an event is kept for runs that come to their wait after it. Default: not at all. */
  retain?: number | string;
  /**
   * Task queues of the applications that have flows `on` it, if there are several, or others than the one that
   * publishes. The first one's Workers keep account of who waits. Default: that of the application that publishes or
   * waits.
   */
  queues?: readonly string[];
}

/** An event that can be published and waited for. `I` is what it is published with, `O` what runs get. */
export interface FlowEvent<I = any, O = any> {
  readonly name: string;
  readonly payload: StandardSchema<any, any>;
  readonly key: ((payload: any) => string) | undefined;
  /** Milliseconds. */
  readonly retain: number | undefined;
  readonly queues: readonly string[];
  /** For the types alone. */
  readonly "~event"?: { I: I; O: O };
}

/** What runs get of an event. */
export type EventOutput<E> = E extends { readonly "~event"?: { O: infer O } | undefined } ? O : never;

/**
 * Defines an event.
 *
 * @param name letters, digits and `._-`
 * @throws TypeError if an option makes no sense
 */
export function event<const N extends string, Schema extends StandardSchema<any, any>>(
  name: N,
  options: EventOptions<Schema>,
): FlowEvent<SchemaInput<Schema>, Stored<SchemaOutput<Schema>>> & { readonly name: N } {
  const fail = (why: string): never => {
    throw new TypeError(`event ${JSON.stringify(name)}: ${why}`);
  };
  const { payload, key, retain, queues = [] } = options ?? {};
  if (typeof name !== "string" || !namePattern.test(name))
    fail("a name has up to 100 letters, digits, '.', '-' and '_', and begins with a letter or digit");
  if (typeof payload?.["~standard"]?.validate !== "function")
    fail("its payload must be a schema that follows Standard Schema, such as those of zod, valibot and arktype");
  if (key !== undefined && typeof key !== "function") fail("key must be a function of the payload");
  if (!Array.isArray(queues) || queues.some((queue) => typeof queue !== "string" || queue === ""))
    fail("queues must be a list of names of task queues");
  const retainMs = retain === undefined ? undefined : positiveMs(retain, `retain of the event '${name}'`);
  return { name, payload, key, retain: retainMs, queues };
}

/** Whether something was made by {@link event}. */
export function isEvent(value: unknown): value is FlowEvent {
  const { name, payload, queues } = (value ?? {}) as Partial<FlowEvent>;
  return typeof name === "string" && payload?.["~standard"] !== undefined && Array.isArray(queues);
}

/** A payload as the event's schema gives it, and its key. @throws ApplicationFailure if it can't be published */
export async function checked(
  { name, payload: schema, key: keyOf }: FlowEvent,
  given: unknown,
): Promise<{ payload: unknown; key: string | undefined }> {
  const result = await validate(schema, given);
  if ("issues" in result)
    throw ApplicationFailure.nonRetryable(
      `The payload isn't what the event '${name}' takes: ${issuesText(result.issues)}`,
      failureTypes.payload,
      { issues: result.issues },
    );
  const text = outputText(result.value, `the payload of the event '${name}'`) ?? "";
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes)
    throw ApplicationFailure.nonRetryable(
      `The payload of the event '${name}' has ${bytes} bytes, more than ${maxBytes}: store it elsewhere and publish where`,
      failureTypes.output,
    );
  const key = keyOf?.(result.value);
  if (keyOf !== undefined && !isKey(key))
    throw ApplicationFailure.nonRetryable(
      `The key of the event '${name}' must be a text of 1 to ${longestKey} characters, got ${Bun.inspect(key)}`,
      failureTypes.payload,
    );
  return { payload: result.value, key };
}

/** Whether a value can be the key of an event. */
export function isKey(key: unknown): key is string {
  return typeof key === "string" && key !== "" && key.length <= longestKey;
}
