/** Errors that are answers: what happened, why, and what to do. */

import type { Problem } from "../shared/problem";

/** A request is refused or can't be answered. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Omit<Problem, "requestId">;

  constructor(problem: Omit<Problem, "requestId">) {
    super(`${problem.title}: ${problem.cause}`);
    this.problem = problem;
  }
}

export const notFound = (cause: string, fix: string): ProblemError =>
  new ProblemError({ title: "There is no such thing", status: 404, cause, fix });

export const badRequest = (cause: string, fix: string): ProblemError =>
  new ProblemError({ title: "The request is not right", status: 400, cause, fix });
