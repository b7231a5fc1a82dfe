import { dlopen, type Library as LoadedLibrary } from "bun:ffi";
import { tmpdir } from "node:os";
import manifest from "../../package.json" with { type: "json" };
import { NativeError, statusName } from "./error";
import { checkFile } from "./library-file";
import { type LibraryLocation, libraryFileName, locateLibrary, platform } from "./locate";
import { abiSymbols, bridgeAbi, symbols } from "./symbols";

/** The exports of the bridge, callable. */
export type Symbols = LoadedLibrary<typeof symbols>["symbols"];

let loaded: Symbols | undefined;
let location: LibraryLocation | undefined;

/**
 * The bridge, loaded and checked once per thread. The library is never closed again: buffers that it
 * frees may be collected at any time.
 *
 * Throws an `Error` of one sentence when the library is missing, is none, or is of another platform,
 * ABI or version.
 */
export function library(): Symbols {
  return (loaded ??= load());
}

/**
 * Tells this thread, before it loads the bridge, where another one has found it. In an executable only the
 * application's own code can find the library inside, and threads that use different files would have a bridge each.
 */
export function useLibrary(found: LibraryLocation): void {
  location = found;
}

/**
 * Where exports put their results: `[0]` the handle, `[1]` the error document's handle or 0. One array
 * serves the whole thread, because results are read before anything else can run.
 */
export const results = new Float64Array(2);

/** Throws what a call that uses `results` reported, unless it succeeded. `action` completes "could not …". */
export function checkCall(code: number, action: string): void {
  if (code === 0) return;
  const document = results[1]!;
  results[1] = 0;
  if (document !== 0) throw NativeError.fromDocument(statusName(code), takeBytes(document));
  throw plainError(code, action);
}

/** Throws when a call that has no error document failed. `action` completes "could not …". */
export function checkStatus(code: number, action: string): void {
  if (code !== 0) throw plainError(code, action);
}

function plainError(code: number, action: string): NativeError {
  const status = statusName(code);
  const hint = status === "INVALID_HANDLE" ? ", because it was closed before or belongs to something else" : "";
  return new NativeError(status, `could not ${action}: ${status}${hint}`);
}

const encoder = new TextEncoder();

/** UTF-8 of a text, to be passed as bytes and length. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** An options document: JSON in UTF-8. Undefined fields are left out, which means their default. */
export function encodeOptions(options: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(options));
}

/** Copies the bytes behind a bytes handle and frees the handle. */
export function takeBytes(handle: number): Uint8Array {
  const native = library();
  const bytes = new Uint8Array(Math.max(0, native.temporal_bun_bytes_length(handle)));
  native.temporal_bun_bytes_copy(handle, bytes, bytes.length);
  native.temporal_bun_bytes_free(handle);
  return bytes;
}

/** What a library says of itself. */
interface AbiReport {
  abi: number;
  version: string;
  core: string;
  coreAbi: number;
  header: string;
  archiveHeader: string;
}

function load(): Symbols {
  const { path, source } = location ?? locateLibrary();
  const origin = `${path} (found through ${source})`;
  // What is inside an executable can't be opened as a file, and was there when the executable was linked.
  if (source !== "executable") checkFile(path, origin);
  let opened: LoadedLibrary<typeof symbols>;
  try {
    opened = dlopen(path, symbols);
  } catch (error) {
    throw new Error(whyNotLoaded(path, origin, source, error));
  }
  checkAbi(readAbi(opened.symbols.temporal_bun_abi), origin);
  return opened.symbols;
}

function readAbi(report: (buffer: Uint8Array, capacity: number) => number): AbiReport {
  const buffer = new Uint8Array(1024);
  const length = report(buffer, buffer.length);
  return JSON.parse(new TextDecoder().decode(buffer.subarray(0, Math.max(0, length)))) as AbiReport;
}

function checkAbi(report: AbiReport, origin: string): void {
  const here = `temporal-bun-sdk ${manifest.version} on ${platform}`;
  if (report.abi !== bridgeAbi || report.version !== manifest.version) {
    throw new Error(
      `${origin} has ABI ${report.abi} and version ${report.version}, but ${here} needs ABI ${bridgeAbi} and version ${manifest.version}: install the library of the same release, or rebuild it with \`zig build\`.`,
    );
  }
  if (report.header !== report.archiveHeader) {
    throw new Error(
      `${origin} was linked from parts of different builds (header ${report.header} in the bridge, ${report.archiveHeader} in the Core archive): rebuild it with \`zig build\`.`,
    );
  }
}

/** One sentence about a library that dlopen refused: one of another version lacks symbols but can say what it is. */
function whyNotLoaded(path: string, origin: string, source: LibraryLocation["source"], error: unknown): string {
  try {
    checkAbi(readAbi(dlopen(path, abiSymbols).symbols.temporal_bun_abi), origin);
  } catch (mismatch) {
    if (mismatch instanceof Error && mismatch.message.startsWith(origin)) return mismatch.message;
  }
  const reason = error instanceof Error ? error.message : String(error);
  if (source === "executable") {
    return `${libraryFileName} could not be unpacked from ${process.execPath} into ${tmpdir()} and loaded (${reason}): set TMPDIR to a folder in which files can be written and libraries be run.`;
  }
  return `${origin} could not be loaded as the bridge of temporal-bun-sdk ${manifest.version} with ABI ${bridgeAbi} (${reason}): install the library of the same release, or rebuild it with \`zig build\`.`;
}
