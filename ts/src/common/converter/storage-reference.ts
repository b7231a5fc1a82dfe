/** Payloads that stand for payloads in external storage. Their form is the same in all of Temporal's SDKs. */

import Long from "long";
import { decode, encode } from "../encoding";
import { ValueError } from "../errors";
import type { Payload } from "../interfaces";
import { isRecord } from "../type-helpers";
import { StorageDriverClaim } from "./extstore";
import { encodingKeys, encodingTypes, METADATA_ENCODING_KEY, METADATA_MESSAGE_TYPE_KEY } from "./types";

const MESSAGE_TYPE = "temporal.api.sdk.v1.ExternalStorageReference";
const messageTypeBytes = encode(MESSAGE_TYPE);

/** What a reference says. */
interface StorageReference {
  /** Name of the driver that has the payload. */
  driverName: string;
  /** What the driver needs to find it. */
  claim: StorageDriverClaim;
  /** Size of the stored payload in bytes; 0 if the reference doesn't say. */
  sizeBytes: number;
}

/** Whether a payload stands for one in external storage. Costs next to nothing for the payloads that don't. */
export function isReferencePayload({ metadata }: Payload): boolean {
  const messageType = metadata?.[METADATA_MESSAGE_TYPE_KEY];
  if (messageType === undefined || messageType.length !== messageTypeBytes.length) return false;
  const encoding = metadata?.[METADATA_ENCODING_KEY];
  return (
    decode(messageType) === MESSAGE_TYPE &&
    encoding !== undefined &&
    decode(encoding) === encodingTypes.METADATA_ENCODING_PROTOBUF_JSON
  );
}

/**
 * What a reference says. Throws `ValueError` if it is malformed. Only for payloads that {@link isReferencePayload} is
 * true of.
 */
export function decodeReferencePayload(payload: Payload): StorageReference {
  let reference: unknown;
  try {
    reference = JSON.parse(decode(payload.data ?? new Uint8Array()));
  } catch (cause) {
    throw new ValueError("A reference to external storage is not JSON", cause);
  }
  // Protobuf's JSON allows both spellings of a field.
  const {
    driverName,
    driver_name: driverNameToo,
    claimData,
    claim_data: claimDataToo,
  } = isRecord(reference) ? reference : {};
  const name = driverName ?? driverNameToo;
  if (typeof name !== "string" || name === "")
    throw new ValueError("A reference to external storage has no 'driverName'");
  const data = claimData ?? claimDataToo ?? {};
  if (!isRecord(data) || Object.values(data).some((value) => typeof value !== "string")) {
    throw new ValueError(`The 'claimData' of a reference to external storage '${name}' must be an object of strings`);
  }
  const sizeBytes = payload.externalPayloads?.[0]?.sizeBytes?.toNumber() ?? 0;
  return { driverName: name, claim: new StorageDriverClaim(data as Record<string, string>), sizeBytes };
}

/** The payload that stands for a stored one. */
export function encodeReferencePayload({ driverName, claim, sizeBytes }: StorageReference): Payload {
  return {
    metadata: {
      [METADATA_ENCODING_KEY]: encodingKeys.METADATA_ENCODING_PROTOBUF_JSON,
      [METADATA_MESSAGE_TYPE_KEY]: messageTypeBytes,
    },
    data: encode(JSON.stringify({ driverName, claimData: claim.claimData })),
    externalPayloads: [{ sizeBytes: Long.fromNumber(sizeBytes) }],
  };
}
