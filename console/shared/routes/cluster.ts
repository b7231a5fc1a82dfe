/** Namespaces, their search attributes, and the clusters. */

import type { ClusterMetadata } from "temporal-bun-sdk/proto/temporal/api/operatorservice/v1/request_response";
import type {
  DescribeNamespaceResponse,
  GetClusterInfoResponse,
  GetSystemInfoResponse,
} from "temporal-bun-sdk/proto/temporal/api/workflowservice/v1/request_response";
import { z } from "zod";
import type { Json, Listing } from "../json";
import { answers, answersWith, route } from "../route";
import { duration, type Nothing, name, page, reason } from "../schemas";

export interface NamespaceRow {
  name: string;
  id: string;
  state: string;
  description: string;
  retention: string;
}

/** What the Temporal server is and can. */
export interface Capabilities {
  address: string;
  /** "Serving", or why not. */
  health: string;
  system: Json<GetSystemInfoResponse>;
  cluster: Json<GetClusterInfoResponse>;
}

export interface SearchAttributes {
  /** Names to types: "Keyword", "Int" … */
  custom: Record<string, string>;
  system: Record<string, string>;
}

const attributeType = z.enum(["Text", "Keyword", "Int", "Double", "Bool", "Datetime", "KeywordList"]);
const data = z.record(z.string(), z.string());

export const clusterRoutes = {
  "GET /capabilities": route({
    action: "cluster.read",
    place: "somewhere",
    summary: "What the Temporal server is and can",
    answer: answers<Capabilities>(),
  }),
  "GET /clusters": route({
    action: "cluster.read",
    place: "somewhere",
    summary: "List clusters",
    query: z.object(page),
    answer: answers<Listing<Json<ClusterMetadata>>>(),
  }),
  "PUT /clusters": route({
    action: "cluster.write",
    place: "everywhere",
    summary: "Add a remote cluster, or change it",
    body: z.object({
      frontendAddress: name,
      frontendHttpAddress: z.string().optional(),
      enableConnection: z.boolean().default(false),
      enableReplication: z.boolean().default(false),
    }),
    answer: answers<Nothing>(),
  }),
  "DELETE /clusters/:name": route({
    action: "cluster.write",
    place: "everywhere",
    summary: "Remove a remote cluster",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),

  "GET /namespaces": route({
    action: "namespace.read",
    place: "somewhere",
    summary: "The namespaces that the caller has a grant for",
    answer: answers<{ rows: NamespaceRow[] }>(),
  }),
  "POST /namespaces": route({
    action: "namespace.write",
    place: "everywhere",
    summary: "Create a namespace",
    body: z.object({
      name,
      description: z.string().default(""),
      ownerEmail: z.string().default(""),
      retention: duration.default("259200s"),
      data: data.optional(),
      isGlobal: z.boolean().default(false),
    }),
    answer: answers<Nothing>(),
  }),
  "GET /namespaces/:ns": route({
    action: "namespace.read",
    summary: "Describe a namespace",
    answer: answersWith<DescribeNamespaceResponse>("temporal.api.workflowservice.v1.DescribeNamespaceResponse"),
  }),
  "PATCH /namespaces/:ns": route({
    action: "namespace.write",
    summary: "Change a namespace",
    body: z.object({
      description: z.string().optional(),
      ownerEmail: z.string().optional(),
      retention: duration.optional(),
      data: data.optional(),
    }),
    answer: answersWith<DescribeNamespaceResponse>("temporal.api.workflowservice.v1.UpdateNamespaceResponse"),
  }),
  "POST /namespaces/:ns/deprecate": route({
    action: "namespace.write",
    summary: "Deprecate a namespace: nothing new is started in it",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
  "DELETE /namespaces/:ns": route({
    action: "namespace.write",
    summary: "Delete a namespace with all that is in it",
    body: z.object({ reason, confirm: name }),
    answer: answers<Nothing>(),
  }),

  "GET /ns/:ns/search-attributes": route({
    action: "namespace.read",
    summary: "Search attributes",
    answer: answers<SearchAttributes>(),
  }),
  "POST /ns/:ns/search-attributes": route({
    action: "searchattr.write",
    summary: "Add a search attribute",
    body: z.object({ name, type: attributeType }),
    answer: answers<Nothing>(),
  }),
  "DELETE /ns/:ns/search-attributes/:name": route({
    action: "searchattr.write",
    summary: "Remove a search attribute",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
} as const;
export type ClusterRouteKey = keyof typeof clusterRoutes;
