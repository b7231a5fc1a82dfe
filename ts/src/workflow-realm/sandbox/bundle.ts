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
import { platform } from "../platform";
import { TextDecoder, TextEncoder } from "../web/text-encoding";
import { URL, URLSearchParams } from "../web/url";
import { lateModule, makeGlobals, parameterNames, parameterValues } from "./globals";
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
type Factory = (scope: Scope, ...parameters: unknown[]) => ModuleFunction;

/** Modules that aren't in a bundle because runs share the realm's own: one copy of every class, evaluated once. */
export const shared: Readonly<Record<SharedModule, object>> & Readonly<Record<string, unknown>> = {
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
  url: Object.freeze({ URL, URLSearchParams }),
  util: Object.freeze({ TextEncoder, TextDecoder }),
};

/** The code of a Worker's Workflows: compiled once for a realm, evaluated afresh for every run. */
export class Bundle {
  readonly #factory: Factory;
  readonly #parameters: readonly string[];
  /** What stands under the parameters after those for the run's global object. */
  #values: unknown[] | undefined;

  /**
   * @param code a CommonJS module
   * @param filename its name in stack traces
   * @param trailer what stands behind the code, for a debugger
   * @throws SyntaxError if the code doesn't parse
   */
  constructor(code: string, filename: string, trailer: string) {
    this.#parameters = parameterNames(code);
    const cases = this.#parameters.map((name) => `case ${JSON.stringify(name)}: ${name} = value; return;`).join(" ");
    const head = `(function (__temporalScope, ${this.#parameters.join(", ")}) { __temporalScope.assign = (name, value) => { switch (name) { ${cases} } };`;
    const compile = (directive: string): Factory => {
      const text = `${head} return function (require, module, exports) {${directive}${code}\n}; })${trailer}`;
      const compiled = platform.compile(text, filename);
      if (typeof compiled === "string") throw new SyntaxError(compiled);
      return compiled as Factory;
    };
    let factory: Factory | undefined;
    try {
      // Modules are strict, and the bundler leaves it to whoever evaluates the bundle to say so.
      factory = compile('"use strict";');
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    // An old package may have code that strict mode has no place for.
    this.#factory = factory ?? compile("");
  }

  /** Evaluates the code for a run, with a `globalThis` of its own. */
  evaluate(run: WorkflowRun): BundleExports {
    const scope: Scope = { assign: () => undefined };
    const globals = makeGlobals(run, (name, value) => scope.assign(name, value));
    const module: { exports: unknown } = { exports: {} };
    this.#values ??= parameterValues(this.#parameters);
    const code = this.#factory(scope, globals, globals, globals, ...this.#values);
    code.call(module.exports, requireShared, module, module.exports);
    return module.exports as BundleExports;
  }
}

/** `require` of bundles. */
export function requireShared(specifier: string): unknown {
  const name = `${specifier}`.replace(/^node:/, "");
  if (Object.hasOwn(shared, name)) return shared[name];
  return lateModule(name) ?? failRequire(specifier);
}

/** `require.resolve` of bundles, which come with the paths of the files that the bundler found. */
requireShared.resolve = (specifier: string): string => {
  const name = `${specifier}`;
  if (!/^(?:\/|[A-Za-z]:[\\/])/.test(name)) requireShared(name);
  return name;
};

/** A module as `require` gives it: marked, so that `import` in the bundle finds its named exports, and read-only. */
function namespaceOf(module: object): object {
  return Object.freeze({ ...module, __esModule: true });
}
