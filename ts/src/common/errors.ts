/** Errors that are not failures: they do not travel between client, workflow and activity. */

import { brandError } from "./type-helpers";

/** A value is not what the called function can work with. */
export class ValueError extends Error {
  constructor(
    message: string | undefined,
    override readonly cause?: unknown,
  ) {
    super(message);
  }
  static {
    brandError(this, "ValueError");
  }
}

/** A payload converter is set up wrongly, or got a payload that it can't convert. */
export class PayloadConverterError extends ValueError {
  static {
    brandError(this, "PayloadConverterError");
  }
}

/** The object is in a state in which the operation is not possible, e.g. it is closed. */
export class IllegalStateError extends Error {
  static {
    brandError(this, "IllegalStateError");
  }
}

/**
 * The server has no such workflow: the id is wrong, the workflow is closed (for calls that need an open one), or past
 * its retention.
 */
export class WorkflowNotFoundError extends Error {
  constructor(
    message: string,
    readonly workflowId: string,
    readonly runId: string | undefined,
  ) {
    super(message);
  }
  static {
    brandError(this, "WorkflowNotFoundError");
  }
}

/** The server has no such namespace. */
export class NamespaceNotFoundError extends Error {
  constructor(readonly namespace: string) {
    super(`Namespace not found: '${namespace}'`);
  }
  static {
    brandError(this, "NamespaceNotFoundError");
  }
}

/** Thrown from an activity to say that it will be completed later, by a client's `AsyncCompletionClient`. */
export class CompleteAsyncError extends Error {
  static {
    brandError(this, "CompleteAsyncError");
  }
}

/** A payload refers to external storage, and none is configured to fetch it. */
export class ExternalStorageNotConfiguredError extends Error {
  constructor(message = "Detected externally stored payload(s) but external storage is not configured.") {
    super(`[TMPRL1105] ${message}`);
  }
  static {
    brandError(this, "ExternalStorageNotConfiguredError");
  }
}
