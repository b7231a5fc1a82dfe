/** Stack traces without the frames of the SDK. */

/**
 * Where the SDK's code is, as stack traces name it: the folder of its sources, or the one file that it was bundled
 * into. Undefined if this module's address is no file.
 */
const sdkCode = (() => {
  try {
    const { pathname } = new URL(import.meta.url);
    return decodeURIComponent(
      pathname.endsWith("/common/stack-trace.ts") ? new URL("..", import.meta.url).pathname : pathname,
    );
  } catch {
    return undefined;
  }
})();

/** Name of the library for Workflow code, which is compiled from a text. */
export const realmLibraryFile = "/temporal-bun-sdk/workflow-realm.js";

/** Where its sources are in source maps: its own, and those of applications that were bundled with it. */
export const installedSources = "node_modules/temporal-bun-sdk/src/";

/** Whether a line of a stack trace is a frame of the SDK or of Bun's own machinery. */
export function isFrameworkFrame(line: string): boolean {
  if (!/^\s+at /.test(line)) return false;
  if (sdkCode !== undefined && line.includes(sdkCode)) return true;
  if (line.includes(realmLibraryFile) || line.includes(installedSources)) return true;
  return /\((?:native|unknown)(?::\d+)*\)|\bnode:|\bprocessTicksAndRejections\b|^\s+at (?:native|unknown)\b/.test(line);
}

/**
 * The stack trace without its last frames, those by which the SDK called the application's code. SDK frames above the
 * application's stay (they say which call failed), and a trace of SDK frames alone is left as it is.
 */
export function cutoffStackTrace(stack?: string): string {
  const lines = (stack ?? "").split(/\r?\n/);
  let end = lines.length;
  while (end > 0 && isFrameworkFrame(lines[end - 1]!)) end--;
  const kept = lines.slice(0, end);
  return (kept.some((line) => /^\s+at /.test(line)) ? kept : lines).join("\n");
}
