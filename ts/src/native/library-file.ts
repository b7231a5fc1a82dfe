import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { platform } from "./locate";

/**
 * Looks at a file before the system's loader does, which has no better word than "invalid ELF header" for
 * a wrong file, and which crashes the process on a library that is cut off.
 *
 * `origin` names the file in the `Error` of one sentence that is thrown.
 */
export function checkFile(path: string, origin: string): void {
  const kind = fileKind(path);
  if (kind === undefined) {
    throw new Error(
      `${origin} is not a shared library: replace it, or unset TEMPORAL_BUN_LIBRARY to use the installed one.`,
    );
  }
  if (kind === "incomplete") {
    throw new Error(`${origin} is cut off: install it again.`);
  }
  if (kind !== platform) {
    throw new Error(`${origin} is for ${kind}, but this is ${platform}: install the library of this platform.`);
  }
}

/** The platform that a library is for; undefined when the file is none. */
function fileKind(path: string): string | "incomplete" | undefined {
  const head = new DataView(new ArrayBuffer(64));
  let size: number;
  const file = openSync(path, "r");
  try {
    const status = fstatSync(file);
    if (!status.isFile() || readSync(file, head, 0, head.byteLength, 0) < head.byteLength) return undefined;
    size = status.size;
  } finally {
    closeSync(file);
  }
  if (head.getUint32(0) === 0x7f454c46) {
    // 64-bit ELF. The section headers are the last thing in the file.
    const machine = head.getUint16(18, true);
    const sections = Number(head.getBigUint64(40, true)) + head.getUint16(58, true) * head.getUint16(60, true);
    if (sections > size) return "incomplete";
    return `linux-${machine === 62 ? "x64" : machine === 183 ? "arm64" : `machine-${machine}`}`;
  }
  if (head.getUint32(0, true) === 0xfeedfacf) {
    // 64-bit Mach-O. Its loader checks the size itself.
    const machine = head.getUint32(4, true);
    return `macos-${machine === 0x01000007 ? "x64" : machine === 0x0100000c ? "arm64" : `machine-${machine}`}`;
  }
  return undefined;
}
