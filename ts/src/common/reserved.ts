/** Names that belong to Temporal. */

/** Names that begin so are not the application's. */
export const TEMPORAL_RESERVED_PREFIX = "__temporal_";
/** Query that every workflow answers with the stack traces of its pending promises. */
export const STACK_TRACE_QUERY_NAME = "__stack_trace";
/** The same with sources, as JSON. */
export const ENHANCED_STACK_TRACE_QUERY_NAME = "__enhanced_stack_trace";

/** Kinds of things that have names. */
export type ReservedNameEntityType = "query" | "signal" | "update" | "activity" | "task queue" | "sink" | "workflow";

/** Names with the reserved prefix that libraries of Temporal's own register as applications would. */
const ALLOWED: ReadonlyMap<string, ReservedNameEntityType> = new Map([
  ["__temporal_workflow_stream_publish", "signal"],
  ["__temporal_workflow_stream_poll", "update"],
  ["__temporal_workflow_stream_offset", "query"],
  ["__temporal_openai_agents_tracing", "sink"],
  ["__temporal_langsmith", "sink"],
]);

/** Throws `TypeError` if the name is reserved. */
export function throwIfReservedName(type: ReservedNameEntityType, name: string): void {
  if (name.startsWith(TEMPORAL_RESERVED_PREFIX) && ALLOWED.get(name) !== type) {
    throw new TypeError(`Cannot use ${type} name: '${name}', with reserved prefix: '${TEMPORAL_RESERVED_PREFIX}'`);
  }
  if (name === STACK_TRACE_QUERY_NAME || name === ENHANCED_STACK_TRACE_QUERY_NAME) {
    throw new TypeError(`Cannot use ${type} name: '${name}', which is a reserved name`);
  }
}
