/** How values of an application are prepared for conversion to payloads (experimental in Temporal's SDKs). */

/** Converts between an application's value and a plain form of it that any payload converter can take. */
export interface TransferTypeConverter<T, D = unknown> {
  /** From the plain form back to the application's value. */
  fromTransferType(value: D): T;
  /** From the application's value to the plain form. */
  toTransferType(value: T): D;
}

declare const valueTypeBrand: unique symbol;

/**
 * Data for one kind of payload converter, e.g. which Protobuf message a payload holds; extended by each such converter.
 */
export interface ConverterHint<T = unknown> {
  /** Name of the converter that the hint is for. */
  converter: string;
  /** Only for the compiler: the type of value that the hint is about. */
  [valueTypeBrand]?: T;
}

/**
 * How a value of type `T` is converted. Encoding runs `transferTypeConverter` and then the payload converter with the
 * hint; decoding runs them in the opposite order. Either may be left out.
 */
export interface TypeInfo<T = unknown, D = T> {
  /** Runs outside the payload converter and does not depend on its format. */
  transferTypeConverter?: TransferTypeConverter<T, D>;
  /** Handed unchanged to the payload converter. */
  payloadConverterHint?: ConverterHint<D>;
}

/** Type information of a call: its arguments and its result. */
export interface PayloadTypeInfo {
  /** One per argument. */
  inputTypes?: readonly TypeInfo[];
  /** The result. */
  outputType?: TypeInfo;
}
