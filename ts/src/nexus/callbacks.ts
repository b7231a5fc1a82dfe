import type { StartOperationContext } from "nexus-rpc";
import type { Callback, Link } from "../proto/temporal/api/common/v1/message";
import type { OnConflictOptions } from "../proto/temporal/api/workflow/v1/message";

/**
 * What the server calls when that which backs the operation is closed: the caller, if it can be called.
 *
 * @param context what the handler was called with
 * @param token the operation's
 * @param links for servers that take them from here only; newer ones know them from the request
 */
export function completionCallbacks(
  { callbackUrl, callbackHeaders }: StartOperationContext,
  token: string,
  links: Link[],
): Callback[] | undefined {
  if (!callbackUrl) return undefined;
  return [{ nexus: { url: callbackUrl, header: { ...callbackHeaders, "nexus-operation-token": token } }, links }];
}

/** An execution that runs already, where that is accepted, is told whom to call as well. */
export const attachOnConflict: OnConflictOptions = {
  attachLinks: true,
  attachCompletionCallbacks: true,
  attachRequestId: true,
};
