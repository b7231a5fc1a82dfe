/** Data converters: payload converter, failure converter and codecs together. */

import type { ExternalStorage } from "./extstore";
import type { FailureConverter } from "./failure-converter";
import { DefaultFailureConverter } from "./failure-converter";
import type { PayloadCodec } from "./payload-codec";
import type { PayloadConverter } from "./payload-converter";
import { defaultPayloadConverter } from "./payload-converter";

/**
 * How data is converted, as given to clients and workers. Converters are named by path, because workflows load them
 * too. In both directions payloads pass the payload converter on the application's side and the codecs on the server's
 * side.
 */
export interface DataConverter {
  /** Path of a module that exports `payloadConverter`. */
  payloadConverterPath?: string;
  /** Path of a module that exports `failureConverter`. */
  failureConverterPath?: string;
  /** Codecs; encoding runs them in order, decoding in the opposite order. */
  payloadCodecs?: PayloadCodec[];
  /** Where large payloads are stored instead of in the history (experimental). */
  externalStorage?: ExternalStorage;
  /**
   * Whether the codecs are applied to headers too. Default true, so that an encrypting codec leaves nothing in plain
   * text. The official TypeScript SDK leaves headers alone and has no such option: set it to false where its clients or
   * workers have to read the headers, e.g. of tracing interceptors, while a fleet moves.
   */
  encodeHeaders?: boolean;
}

/** A {@link DataConverter} with its modules loaded. */
export interface LoadedDataConverter {
  payloadConverter: PayloadConverter;
  failureConverter: FailureConverter;
  payloadCodecs: PayloadCodec[];
  externalStorage?: ExternalStorage;
  /** See {@link DataConverter.encodeHeaders}. */
  encodeHeaders?: boolean;
}

/** The failure converter that is used when none is configured. */
export const defaultFailureConverter: FailureConverter = new DefaultFailureConverter();

/** The data converter that is used when none is configured. */
export const defaultDataConverter: LoadedDataConverter = {
  payloadConverter: defaultPayloadConverter,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
};
