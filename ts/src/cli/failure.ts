/**
 * A command could not do what it was asked for. The message says why and what to do, and is printed without a stack; an
 * empty one means that everything has been said. Exit codes: 1 for a failure, 2 for a command line that is wrong.
 */
export class Failure extends Error {
  override name = "Failure";
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}
