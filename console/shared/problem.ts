/** What the API answers when something goes wrong: RFC 9457's problem+json. */
export interface Problem {
  /** What happened, in a few words. */
  title: string;
  status: number;
  /** Why, with the values that matter. */
  cause: string;
  /** What to do about it. */
  fix: string;
  /** The name of gRPC's status code, if the Temporal server refused. */
  grpcCode?: string;
  /** The action that the caller has no grant for. */
  action?: string;
  /** Finds the request in the audit log and in the console's output. */
  requestId: string;
}
