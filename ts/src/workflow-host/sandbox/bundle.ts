import assert from "node:assert";
import { Script } from "node:vm";
import * as common from "../../common";
import * as payloadSearchAttributes from "../../common/converter/payload-search-attributes";
import * as encoding from "../../common/encoding";
import * as interceptors from "../../common/interceptors";
import * as reserved from "../../common/reserved";
import * as searchAttributes from "../../common/search-attributes";
import * as time from "../../common/time";
import * as typeHelpers from "../../common/type-helpers";
import * as workflow from "../../workflow/index";
import type { WorkflowRun } from "../../workflow/run/run";
import * as tracing from "../../workflow/tracing";
import type { SharedModule } from "../modules";
import { installGlobals, makeGlobals, shadowedNames, shadowedValues, sweep } from "./globals";
import { failRequire } from "./hidden";

/** What a bundle exports: Workflows by name, and what the bundler adds. */
export interface BundleExports extends Record<string, unknown> {
  /** The modules given as `workflowInterceptorModules`. */
  __temporalInterceptorModules?: { interceptors?: unknown }[];
  /** Export of the module given as `payloadConverterPath`. */
  __temporalPayloadConverter?: unknown;
  /** Export of the module given as `failureConverterPath`. */
  __temporalFailureConverter?: unknown;
}

type Scope = { assign: (name: string, value: unknown) => void };
type ModuleFunction = (
  this: unknown,
  require: (specifier: string) => unknown,
  module: { exports: unknown },
  exports: unknown,
) => void;
type Factory = (scope: Scope, ...shadowed: unknown[]) => ModuleFunction;

let proto: object | undefined;

/** Modules that aren't in a bundle because runs share the thread's own: one copy of every class, evaluated once. */
const shared: Readonly<Record<SharedModule, object>> & Readonly<Record<string, unknown>> = {
  "temporal-bun-sdk/workflow": namespaceOf(workflow),
  "temporal-bun-sdk/workflow/tracing": namespaceOf(tracing),
  "temporal-bun-sdk/common": namespaceOf(common),
  "temporal-bun-sdk/common/converter/payload-search-attributes": namespaceOf(payloadSearchAttributes),
  "temporal-bun-sdk/common/encoding": namespaceOf(encoding),
  "temporal-bun-sdk/common/interceptors": namespaceOf(interceptors),
  "temporal-bun-sdk/common/reserved": namespaceOf(reserved),
  "temporal-bun-sdk/common/search-attributes": namespaceOf(searchAttributes),
  "temporal-bun-sdk/common/time": namespaceOf(time),
  "temporal-bun-sdk/common/type-helpers": namespaceOf(typeHelpers),
  "@temporalio/workflow": namespaceOf(workflow),
  "@temporalio/common": namespaceOf(common),
  /** Loaded when Workflow code first asks for it, which is rare. */
  get "temporal-bun-sdk/proto"() {
    return (proto ??= namespaceOf(require("../../proto") as object));
  },
  assert,
  "node:assert": assert,
  url: Object.freeze({ URL, URLSearchParams }),
  "node:url": Object.freeze({ URL, URLSearchParams }),
  util: Object.freeze({ TextEncoder, TextDecoder }),
  "node:util": Object.freeze({ TextEncoder, TextDecoder }),
};

/** The code of a Worker's Workflows: compiled once for a thread, evaluated afresh for every run. */
export class Bundle {
  readonly #factory: Factory;
  /** Whether the code can make globals without meaning to, which then must be looked for after each activation. */
  readonly isSloppy: boolean;

  /**
   * @param code a CommonJS module
   * @param filename its name in stack traces
   * @param sourceMap its source map as JSON text, if a debugger is to have it
   * @throws SyntaxError if the code doesn't parse
   */
  constructor(code: string, filename: string, sourceMap?: string) {
    installGlobals();
    const names = shadowedNames();
    const cases = names.map((name) => `case ${JSON.stringify(name)}: ${name} = value; return;`).join(" ");
    const head = `(function (__temporalScope, ${names.join(", ")}) { __temporalScope.assign = (name, value) => { switch (name) { ${cases} } };`;
    const trailer = sourceMap === undefined ? "" : `\n//# sourceMappingURL=${sourceMapUrl(sourceMap)}`;
    const compile = (directive: string): Factory => {
      // The code begins on a line of its own, so that only the number of lines is off in stack traces, by one.
      const text = `${head} return function (require, module, exports) {${directive}\n${code}\n}; })${trailer}`;
      return new Script(text, { filename, lineOffset: -1 }).runInThisContext() as Factory;
    };
    let factory: Factory | undefined;
    try {
      // Modules are strict, and the bundler leaves it to whoever evaluates the bundle to say so.
      factory = compile('"use strict";');
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    this.isSloppy = factory === undefined;
    // An old package may have code that strict mode has no place for.
    this.#factory = factory ?? compile("");
  }

  /** Evaluates the code for a run, with a `globalThis` of its own. */
  evaluate(run: WorkflowRun): BundleExports {
    const scope: Scope = { assign: () => undefined };
    const globals = makeGlobals(run, (name, value) => scope.assign(name, value));
    const module: { exports: unknown } = { exports: {} };
    this.#factory(scope, ...shadowedValues(globals)).call(module.exports, requireShared, module, module.exports);
    sweep(run);
    return module.exports as BundleExports;
  }
}

/** The source map for the compiled text. Debuggers count its lines, so there is one more before the code. */
function sourceMapUrl(json: string): string {
  const map = JSON.parse(json) as { mappings: string };
  const shifted = JSON.stringify({ ...map, mappings: `;${map.mappings}` });
  return `data:application/json;base64,${Buffer.from(shifted).toString("base64")}`;
}

function requireShared(specifier: string): unknown {
  return Object.hasOwn(shared, specifier) ? shared[specifier] : failRequire(specifier);
}

/** A module as `require` gives it: marked, so that `import` in the bundle finds its named exports, and read-only. */
function namespaceOf(module: object): object {
  return Object.freeze({ ...module, __esModule: true });
}
