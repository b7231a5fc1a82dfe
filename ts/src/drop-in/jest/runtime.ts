/** Loads modules for Jest: this SDK is Bun's to load, once for all test files of a process. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { sync } from "./resolver";

/** The parts of Jest's runtime that are used here. */
interface JestRuntime {
  requireModule(from: string, specifier: string | undefined, ...rest: unknown[]): unknown;
  requireModuleOrMock(from: string, specifier: string): unknown;
}
interface Environment {
  global: { Error: ErrorConstructor };
}

const { default: Runtime } = jestRuntime();
/** Leaves names that aren't this SDK's or the official one's as they are. */
const ownOnly = { defaultResolver: (other: string) => other };
const sources = dirname(dirname(import.meta.dir));

/** Of the Jest that the project has: it is a package that Jest's own packages need. */
function jestRuntime(): {
  default: new (config: unknown, environment: Environment, ...rest: unknown[]) => JestRuntime;
} {
  let from = join(process.cwd(), "package.json");
  for (const name of ["jest", "@jest/core"]) from = createRequire(from).resolve(name);
  return createRequire(from)("jest-runtime");
}

/** Jest's runtime, for `runtime` of its configuration. */
export default class TemporalRuntime extends Runtime {
  constructor(config: unknown, environment: Environment, ...rest: unknown[]) {
    super(config, environment, ...rest);
    const { Error: inner } = environment.global;
    recognizeErrors(inner);
    inner.captureStackTrace = captureStackTrace;
  }

  // Jest makes "Cannot find module" of what a resolver throws.
  override requireModuleOrMock(from: string, specifier: string): unknown {
    sync(specifier, ownOnly);
    return super.requireModuleOrMock(from, specifier);
  }

  // Mocks were looked for before.
  override requireModule(from: string, specifier: string | undefined, ...rest: unknown[]): unknown {
    const file = specifier === undefined ? undefined : sync(specifier, ownOnly);
    return file?.startsWith(`${sources}/`) ? require(file) : super.requireModule(from, specifier, ...rest);
  }
}

/** Makes errors of this SDK, which come from outside of the test file's global, instances of that one's `Error` too. */
function recognizeErrors(inner: ErrorConstructor): void {
  const isInstance = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(inner, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      return isInstance.call(this, value) || (this === inner && value instanceof Error);
    },
  });
}

/**
 * Jest reports failures by their stacks alone, without the lines that begin with `<anonymous>`, as those of tests do in
 * Bun. And what Bun makes in globals other than its own one has no message.
 */
function captureStackTrace(of: { stack?: string }): void {
  Error.captureStackTrace(of, captureStackTrace);
  of.stack = of.stack?.replaceAll("at <anonymous> (", "at Object.<anonymous> (");
}
