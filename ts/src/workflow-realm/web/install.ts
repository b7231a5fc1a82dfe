/** Puts on the realm's global object what the language lacks. The first thing to be evaluated: the library uses it. */
import { AsyncLocalStorage } from "../async-hooks";
import type { PlatformGlobals } from "../names";
import { platform } from "../platform";
import { atob, btoa } from "./base64";
import { queueMicrotask, reportError } from "./errors";
import { AbortController, AbortSignal, CustomEvent, DOMException, Event, EventTarget } from "./events";
import { structuredClone } from "./structured-clone";
import { TextDecoder, TextEncoder } from "./text-encoding";
import { URL, URLSearchParams } from "./url";

/** What the language lacks, by name. */
export const platformGlobals: PlatformGlobals = {
  ...{ AbortController, AbortSignal, AsyncLocalStorage, CustomEvent, DOMException, Event, EventTarget },
  ...{ TextDecoder, TextEncoder, URL, URLSearchParams, atob, btoa, queueMicrotask, reportError, structuredClone },
};

for (const [name, value] of Object.entries(platformGlobals)) {
  // Bundlers rename what has a name that is taken.
  Object.defineProperty(value, "name", { value: name, configurable: true });
  if (platform.ownsGlobals)
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
}
