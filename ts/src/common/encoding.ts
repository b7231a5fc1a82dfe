/** UTF-8 to bytes and back. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The UTF-8 bytes of a string; lone surrogates become U+FFFD. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The string that UTF-8 bytes stand for; ill-formed sequences become U+FFFD. */
export function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
