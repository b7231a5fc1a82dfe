/** What keeps failures small enough to be sent and read: how many causes they have, and how long their texts are. */

import { decode, encode } from "../encoding";
import { FAILURE_SOURCE, type ProtoFailure } from "../failure";

/**
 * How many errors of a chain of causes are sent. A message may be nested 100 levels deep, and each Workflow that a
 * failure passes through adds a few of them.
 */
const MAXIMUM_ERRORS = 50;

/** How many bytes of a message or a stack trace are sent. */
const MAXIMUM_TEXT_BYTES = 500_000;

/** How many bytes of texts are sent in a failure, with all its causes. The server takes 2 MiB of everything. */
const MAXIMUM_TEXTS_BYTES = 1_000_000;

/** How much of a message that is too long stays in the stack trace, which begins with it. */
const MESSAGE_IN_STACK = 1000;

const CYCLE = "[The chain of causes is a cycle: it goes on with one of the errors above]";
const TOO_LONG = `[The chain of causes is too long: only the first ${MAXIMUM_ERRORS} errors are sent]`;

/** The limits for the cause that is about to be converted; set only while its conversion is called. */
let forCause: FailureLimits | undefined;

/** What is left for an error and its causes while they are converted to a failure. */
export class FailureLimits {
  readonly #errors = new Set<unknown>();
  #bytes = MAXIMUM_TEXTS_BYTES;

  /** The limits for an error: those of the error that it is the cause of, or new ones. */
  static take(): FailureLimits {
    const limits = forCause ?? new FailureLimits();
    forCause = undefined;
    return limits;
  }

  /** Counts an error that is converted. */
  add(error: unknown): void {
    this.#errors.add(error);
  }

  /** What `convert` makes of a cause, or a failure that says why the chain ends before it. */
  cause(cause: unknown, convert: () => ProtoFailure): ProtoFailure {
    const reason = this.#refusal(cause);
    if (reason !== undefined) return { message: reason, source: FAILURE_SOURCE };
    // An argument would not arrive: the method that converts is public and may be overridden.
    forCause = this;
    try {
      return convert();
    } finally {
      forCause = undefined;
    }
  }

  /** Why an error is not sent; undefined if it is. */
  #refusal(error: unknown): string | undefined {
    if (this.#errors.has(error)) return CYCLE;
    return this.#errors.size >= MAXIMUM_ERRORS ? TOO_LONG : undefined;
  }

  /** A failure that is there already, with as many causes as are left. */
  shorten(failure: ProtoFailure): ProtoFailure {
    const chain = [failure];
    for (let cause = failure.cause; cause; cause = cause.cause) chain[chain.length] = cause;
    const left = MAXIMUM_ERRORS - this.#errors.size;
    if (chain.length <= left) return failure;
    let result: ProtoFailure = { message: TOO_LONG, source: FAILURE_SOURCE };
    for (let index = left - 1; index >= 0; index--) result = { ...chain[index], cause: result };
    return result;
  }

  /** Message and stack trace of an error, shortened if they are too long. */
  texts(message: string, stack: string): { message: string; stackTrace: string } {
    const shortMessage = this.text(message, "message");
    if (shortMessage !== message) {
      const start = stack.indexOf(message);
      if (start >= 0)
        stack = `${stack.slice(0, start)}${message.slice(0, MESSAGE_IN_STACK)} …${stack.slice(start + message.length)}`;
    }
    return { message: shortMessage, stackTrace: this.text(stack, "stack trace") };
  }

  /** The text, or its beginning and how long it was. */
  text(text: string, what: string): string {
    const limit = Math.min(MAXIMUM_TEXT_BYTES, this.#bytes);
    // Each character takes a byte at least, so what follows needn't be encoded.
    const bytes = encode(text.slice(0, limit));
    this.#bytes -= Math.min(bytes.length, limit);
    if (bytes.length <= limit && text.length <= limit) return text;
    // The last character may be cut in two.
    const beginning = decode(bytes.subarray(0, limit)).replace(/\ufffd$/, "");
    return `${beginning} … [The ${what} was too long to be sent: ${text.length} characters, of which these are the first ${beginning.length}]`;
  }
}
