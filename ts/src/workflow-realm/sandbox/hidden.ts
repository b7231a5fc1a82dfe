import { DeterminismViolationError } from "../../workflow/errors";
import { hintFor, throwing } from "../names";

/**
 * What Workflow code finds under names that it must not use. Only what is called right away is among them: a library
 * that asks for `typeof process` or `typeof crypto` gets "undefined", so that it takes its way without.
 */
export function throwingFunctions(): Map<string, () => never> {
  return new Map(throwing.map((name) => [name, forbidden(name)]));
}

function forbidden(name: string): () => never {
  const fail = (): never => {
    throw new DeterminismViolationError(`${name} can't be used in Workflow code: ${hintFor(name)}`);
  };
  // biome-ignore lint/complexity/useArrowFunction: not an arrow, so that `new` gets the message too
  const fn = function () {
    return fail();
  } as () => never;
  Object.defineProperty(fn, "name", { value: name });
  return fn;
}

/** @throws DeterminismViolationError saying that the module isn't in the bundle */
export function failRequire(specifier: string): never {
  throw new DeterminismViolationError(
    `require(${JSON.stringify(specifier)}) can't be used in Workflow code: ${hintFor("require")}`,
  );
}

/** Where messages of the engine have the name that isn't there. */
const places = [
  /Can't find variable: (\w+)/,
  /^(\w+) is not defined/,
  /^(\w+) is not a /,
  /\(evaluating '(?:new )?(?:globalThis\.)?(\w+)\b/,
];

/**
 * Adds to the message of an error what to do instead, if the error comes from using a name that Workflow code doesn't
 * have.
 *
 * @param isHidden whether Workflow code doesn't have a name that the thread has
 */
export function explainHidden(error: unknown, isHidden: (name: string) => boolean): void {
  if (!(error instanceof TypeError || error instanceof ReferenceError)) return;
  const { message } = error;
  const name = places.map((place) => place.exec(message)?.[1]).find((name) => name !== undefined && isHidden(name));
  if (name === undefined || message.includes("isn't available in Workflow code")) return;
  error.message = `${message}. '${name}' isn't available in Workflow code: ${hintFor(name)}`;
}

/** What the sandbox says in errors that aren't of a class of its own. */
const refusals = /isn't available in Workflow code|is shared by all Workflows and can't be changed/;

/** Whether an error says that Workflow code did what it must not do; after {@link explainHidden}. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof DeterminismViolationError) return true;
  return (error instanceof TypeError || error instanceof ReferenceError) && refusals.test(error.message);
}
