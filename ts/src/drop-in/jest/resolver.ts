/** Finds modules for Jest: this SDK's, also in the place of the official ones, which needn't be installed. */
import { counterpartOf, refusal } from "../table";

/** What Jest tells a resolver. */
interface Options {
  defaultResolver(specifier: string, options: Options): string;
}

/** The path of a module. Jest calls it by this name. @throws Error if it is an inner part of the official SDK */
export function sync(specifier: string, options: Options): string {
  // Jest resolves as Node.js does, which finds a refusal there.
  if (/^temporal-bun-sdk(?:\/|$)/.test(specifier)) return import.meta.resolveSync(specifier);
  const counterpart = counterpartOf(specifier);
  if (counterpart === undefined) return options.defaultResolver(specifier, options);
  if (counterpart.file === undefined) throw new Error(refusal(specifier));
  return counterpart.file;
}
