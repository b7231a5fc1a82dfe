/** What handlers are given. */
import type { Context as ActivityContext } from "../../activity";
import { ApplicationFailure } from "../../common";
import { definitionOf } from "./definition";
import { publishEvent } from "./events/publish";
import { type Call, failureTypes, ITEM, PAYLOAD } from "./plan";
import type { Pulse } from "./pulse";
import type { Secrets } from "./secrets";
import { startFlow } from "./start";
import { stateFor } from "./state/context";
import type { StateStore } from "./state/store";
import type { Context } from "./types";

/** The context of a handler, of whatever types. */
export type HandlerContext = Context<
  unknown,
  Record<string, { output: unknown }>,
  unknown,
  unknown,
  { item: unknown; index: number }
>;

interface Parts {
  flow: string;
  /** The step, with the turns around it. */
  step: string;
  /** Outputs of steps, and the payload and the item under their names. */
  values: Record<string, unknown>;
  call: Call;
  context: ActivityContext;
  pulse: Pulse;
  secrets: Secrets;
  services: Record<string, object>;
  taskQueue: string;
  state: StateStore;
}

/** Makes the context for one call. */
export function makeContext({
  flow,
  step,
  values,
  call,
  context,
  pulse,
  secrets,
  services,
  taskQueue,
  state,
}: Parts): HandlerContext {
  const { workflowId, runId } = context.info.workflowExecution!;
  const idempotencyKey = `${workflowId}/${runId}/${step}`;
  const { [PAYLOAD]: payload, [ITEM]: item, ...outputs } = values;
  let triggered = 0;
  let published = 0;
  const refuseSecrets = (given: unknown, what: string) => {
    if (secrets.isIn(JSON.stringify(given) ?? ""))
      throw ApplicationFailure.nonRetryable(
        `The payload that '${step}' ${what} with has a secret in it`,
        failureTypes.secret,
      );
  };
  return {
    payload,
    item,
    index: call.index!,
    last: values[call.last ?? PAYLOAD],
    steps: new Proxy(outputs as Record<string, { output: unknown }>, {
      // A step of an arm that wasn't taken is there too, without an output.
      get: (_, name) => ({
        output: typeof name === "string" && Object.hasOwn(outputs, name) ? outputs[name] : undefined,
      }),
    }),
    services,
    state: stateFor({ store: state, flow, idempotencyKey, secrets }),
    run: { id: workflowId, flow, step, attempt: context.info.attempt, idempotencyKey },
    log: secrets.maskLogger(context.log),
    signal: context.cancellationSignal,
    heartbeat: (details) => pulse.report(secrets.maskValue(details)),
    trigger: async (other, given, { key } = {}) => {
      refuseSecrets(given, `triggers '${other.id}'`);
      // Counted, so that the next attempt starts the same ones.
      const named = key ?? `${idempotencyKey}:${triggered++}`;
      return startFlow(context.client, definitionOf(other), given, { key: named, taskQueue });
    },
    publish: async (event, given, { id } = {}) => {
      refuseSecrets(given, `publishes '${event.name}'`);
      return publishEvent(context.client, event, given, { id: id ?? `${idempotencyKey}:${published++}`, taskQueue });
    },
    cancel: (reason = `'${step}' cancelled the run`) => {
      throw ApplicationFailure.nonRetryable(secrets.mask(reason), failureTypes.cancelled);
    },
  };
}
