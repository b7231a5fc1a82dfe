/** Answers to queries that no server would take: they become failures that say so, or the caller waits in vain. */

import { FAILURE_SOURCE } from "../../common";
import { WorkflowActivationCompletion } from "../../proto/temporal/sdk/core/workflow_completion/workflow_completion";

/** Servers take gRPC messages of 4 MiB, and there is more in them than a completion: tokens, identity. */
const LIMIT = 4 * 1024 * 1024 - 64 * 1024;

/** The completion, with its largest answers exchanged for failures if it is too large with them. */
export function limitAnswers(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= LIMIT) return bytes;
  const completion = WorkflowActivationCompletion.decode(bytes);
  const answers = (completion.successful?.commands ?? [])
    .map((command) => ({ command, size: command.respondToQuery?.succeeded?.response?.data?.length ?? 0 }))
    .sort((a, b) => b.size - a.size);
  let total = bytes.length;
  for (const { command, size } of answers) {
    if (total <= LIMIT || size === 0) break;
    const message =
      `[TMPRL1103] Attempted to upload payloads with size that exceeded the error limit. ` +
      `The result of the query has ${size} bytes, and the server takes ${LIMIT}: use less, or external storage.`;
    const failed = { message, source: FAILURE_SOURCE, applicationFailureInfo: { type: "PayloadsTooLarge" } };
    command.respondToQuery = { queryId: command.respondToQuery?.queryId, failed };
    total -= size;
  }
  return WorkflowActivationCompletion.encode(completion).finish();
}
