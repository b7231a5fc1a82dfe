/** Chains of interceptors. */

import type { Payload } from "./interfaces";
import type { AnyFunc, OmitLastParam } from "./type-helpers";

/** Type of the function that an interceptor's method gets to call the next one. */
export type Next<IF, FN extends keyof IF> = Required<IF>[FN] extends AnyFunc ? OmitLastParam<Required<IF>[FN]> : never;

/** Headers: payloads that interceptors send along with calls. */
export type Headers = Record<string, Payload>;

/** One function that calls the method of each interceptor that has it, first to last, and then `next`. */
export function composeInterceptors<I, M extends keyof I>(interceptors: I[], method: M, next: Next<I, M>): Next<I, M> {
  let composed: AnyFunc = next as AnyFunc;
  for (let index = interceptors.length - 1; index >= 0; index--) {
    const interceptor = interceptors[index]!;
    if (interceptor?.[method] === undefined) continue;
    const following = composed;
    composed = (input) => (interceptor[method] as AnyFunc)(input, following);
  }
  return composed as Next<I, M>;
}
