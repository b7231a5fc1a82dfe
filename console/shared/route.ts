/** How routes are described. The table in `routes.ts` is made of these; server and web take their types from it. */

import type { z } from "zod";
import type { Action } from "./actions";
import type { Json } from "./json";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a route answers with. The type is for the compiler, the name for the OpenAPI document. */
export interface Answer<T> {
  /** Full name of the protobuf message whose JSON it is, if it is one. */
  message?: string;
  /** Never set. */
  type?: T;
}

/** A route answers with a type of the console's own. */
export const answers = <T>(): Answer<T> => ({});

/** A route answers with the JSON of a protobuf message, for example "temporal.api.batch.v1.BatchOperationInfo". */
export const answersWith = <Message>(message: string): Answer<Json<Message>> => ({ message });

/** One route. */
export interface Route<
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodObject = z.ZodObject,
  Response = unknown,
> {
  /** What the caller needs a grant for. A route without one does not compile. */
  action: Action;
  /**
   * For paths without `:ns`: whether a grant in any namespace is enough, or it must be one for all of them.
   */
  place?: "somewhere" | "everywhere";
  summary: string;
  query?: Query;
  body?: Body;
  answer: Answer<Response>;
  /** Actions that this body needs besides. */
  also?(body: z.infer<Body>): Action[];
  /** A read that is written to the audit log like an action: it tells more than others. */
  audited?: true;
}

/** Describes a route; infers its types. */
export const route = <Query extends z.ZodObject, Body extends z.ZodObject, Response>(
  description: Route<Query, Body, Response>,
): Route<Query, Body, Response> => description;

/** `"ns" | "id"` for "GET /ns/:ns/workflows/:id". */
export type ParameterNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;
