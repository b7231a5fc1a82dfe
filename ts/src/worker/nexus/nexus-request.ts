/** Nexus requests: between the server's messages and what handlers work with. */
import { HandlerError, type Link, type OperationContext, type StartOperationContext } from "nexus-rpc";
import { ApplicationFailure, type LoadedDataConverter, type Payload } from "../../common";
import { fromPayloadWithTypeInfo } from "../../common/converter/payload-converter";
import type { TypeInfo } from "../../common/type-info";
import { incomingSingle } from "../../payloads/payload-pipeline";
import type { Link as ProtoLink, Request, StartOperationRequest } from "../../proto/temporal/api/nexus/v1/message";

/**
 * What a request says of the operation.
 *
 * @throws HandlerError if this SDK doesn't know what is requested
 */
export function operationContext(
  request: Request | undefined,
  abortSignal: AbortSignal,
  requestDeadline: Date | undefined,
): OperationContext {
  const { header, startOperation, cancelOperation } = request ?? {};
  const variant = startOperation ?? cancelOperation;
  if (variant === undefined)
    throw new HandlerError(
      "NOT_IMPLEMENTED",
      "This SDK knows requests to start and to cancel operations, and this is neither",
    );
  const { service = "", operation = "" } = variant;
  return {
    service,
    operation,
    headers: caseInsensitive(header),
    abortSignal,
    ...(requestDeadline === undefined ? {} : { requestDeadline }),
  };
}

/** {@link operationContext} with what a request to start has beside it. */
export function startContext(
  context: OperationContext,
  { requestId, callback, callbackHeader, links }: StartOperationRequest,
): StartOperationContext {
  if (!requestId) throw new HandlerError("BAD_REQUEST", "The request to start an operation has no request id");
  return {
    ...context,
    requestId,
    inboundLinks: (links ?? []).map(linkFromProto),
    outboundLinks: [],
    ...(callback ? { callbackUrl: callback } : {}),
    ...(callbackHeader === undefined ? {} : { callbackHeaders: callbackHeader }),
  };
}

function linkFromProto({ url, type }: ProtoLink): Link {
  const parsed = URL.parse(url ?? "");
  if (parsed === null || !type)
    throw new HandlerError(
      "BAD_REQUEST",
      `The request has a link without a type or a valid URL: ${JSON.stringify({ url, type })}`,
    );
  return { url: parsed, type };
}

/** The server's form of a link. */
export function linkToProto({ url, type }: Link): ProtoLink {
  return { url: url.toString(), type };
}

/** Headers that are found whatever the case of their names. */
function caseInsensitive(header: Record<string, string> = {}): Record<string, string> {
  const headers = Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
  const key = (name: string | symbol) => (typeof name === "string" ? name.toLowerCase() : name);
  return new Proxy(headers, {
    // What every object inherits has capitals in its names.
    get: (target, name) => Reflect.get(target, Object.hasOwn(target, key(name)) ? key(name) : name),
    has: (target, name) => Reflect.has(target, key(name)),
    set: (target, name, value) => {
      if (typeof value !== "string") throw new TypeError(`Header ${String(name)} must be a text, got ${typeof value}`);
      return Reflect.set(target, key(name), value);
    },
  });
}

/**
 * The input of an operation, through codecs, external storage and converter; `undefined` if there is none.
 *
 * @throws HandlerError of type BAD_REQUEST if the converter doesn't understand it, or a converter or codec rejects it
 * by a `createPayloadValidationError`; of type INTERNAL if a codec or external storage fails
 */
export async function decodeInput(
  dataConverter: LoadedDataConverter,
  payload: Payload | undefined,
  type: TypeInfo | undefined,
): Promise<unknown> {
  if (payload === undefined) return undefined;
  const { externalStorage } = dataConverter;
  const stored = await attempt(
    () => incomingSingle({ payloadCodecs: [], externalStorage }, payload, undefined),
    "INTERNAL",
    "Nexus operation input could not be retrieved from external storage",
  );
  const decoded = await attempt(
    () => incomingSingle({ ...dataConverter, externalStorage: undefined }, stored, undefined),
    "INTERNAL",
    "Payload codec failed to decode Nexus operation input",
  );
  return attempt(
    () => fromPayloadWithTypeInfo(dataConverter.payloadConverter, decoded, undefined, type),
    "BAD_REQUEST",
    "Payload converter failed to decode Nexus operation input",
  );
}

async function attempt<R>(step: () => R | Promise<R>, kind: "INTERNAL" | "BAD_REQUEST", message: string): Promise<R> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof ApplicationFailure && cause.nonRetryable && cause.type === "PayloadValidationError") {
      throw new HandlerError("BAD_REQUEST", "Invalid operation input", { cause });
    }
    if (cause instanceof ApplicationFailure || cause instanceof HandlerError) throw cause;
    throw new HandlerError(kind, message, { cause });
  }
}
