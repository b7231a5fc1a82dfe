import { DOMException } from "./events";

// Methods of the language, taken before Workflow code could change them.
const { fromBase64 } = Uint8Array as unknown as { fromBase64(text: string): Uint8Array };
const toBase64 = (bytes: Uint8Array) => (bytes as Uint8Array & { toBase64(): string }).toBase64();

/** Base64 of a text of bytes: the function of that name of browsers and Node.js. */
export function btoa(text: string): string {
  const input = `${text}`;
  const bytes = new Uint8Array(input.length);
  for (let index = 0; index < input.length; index++) {
    const code = input.charCodeAt(index);
    if (code > 0xff) throw new DOMException("btoa takes characters up to U+00FF", "InvalidCharacterError");
    bytes[index] = code;
  }
  return toBase64(bytes);
}

/** The text of bytes that base64 stands for: the function of that name of browsers and Node.js. */
export function atob(text: string): string {
  const input = `${text}`.replace(/[\t\n\f\r ]/g, "");
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(input.length % 4 === 0 ? input : input.replace(/=+$/, (pad) => (pad.length > 2 ? pad : "")));
  } catch {
    throw new DOMException("The text is not base64", "InvalidCharacterError");
  }
  let result = "";
  for (const byte of bytes) result += String.fromCharCode(byte);
  return result;
}
