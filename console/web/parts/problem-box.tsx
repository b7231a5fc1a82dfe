import { ApiError } from "../api";

/** What went wrong, why, and what to do. */
export function ProblemBox({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : undefined;
  return (
    <section className="problem" role="alert">
      <h2>{problem?.title ?? "This page has failed"}</h2>
      <p>{problem?.cause ?? error.message}</p>
      {problem && <p>{problem.fix}</p>}
      {problem?.requestId && <p className="quiet">Request {problem.requestId}</p>}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </section>
  );
}
