/** The API as an OpenAPI 3.1 document: made of the table of routes, and of the description of protobuf messages. */

import { z } from "zod";
import { routes } from "../shared/routes";
import { messageSchemas } from "./temporal/message-schemas";

type Schema = Record<string, unknown>;

interface DescribedRoute {
  action: string;
  place?: string;
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodObject;
  answer: { message?: string };
}

const problem: Schema = {
  type: "object",
  required: ["title", "status", "cause", "fix", "requestId"],
  properties: {
    title: { type: "string" },
    status: { type: "integer" },
    cause: { type: "string", description: "Why, with the values that matter." },
    fix: { type: "string", description: "What to do about it." },
    grpcCode: { type: "string" },
    action: { type: "string", description: "What the caller has no grant of." },
    requestId: { type: "string" },
  },
};

const schemaOf = (schema: z.ZodObject): Schema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
};

/** The document. */
export function openApi(): Schema {
  const messages = new Set<string>();
  const paths: Record<string, Record<string, Schema>> = {};
  for (const [key, route] of Object.entries(routes) as [string, DescribedRoute][]) {
    const [method = "", path = ""] = key.split(" ");
    const address = `/api/v1${path.replaceAll(/:(\w+)/g, "{$1}")}`;
    const { message } = route.answer;
    if (message !== undefined) messages.add(message);
    paths[address] ??= {};
    paths[address][method.toLowerCase()] = {
      operationId: key,
      summary: route.summary,
      description: `Needs the action \`${route.action}\`${route.place === "everywhere" ? " in all namespaces" : ""}.`,
      tags: [path.split("/").find((part) => part !== "" && part !== "ns" && !part.startsWith(":"))],
      parameters: [...pathParameters(path), ...queryParameters(route.query)],
      ...(route.body === undefined ? {} : { requestBody: jsonBody(schemaOf(route.body)) }),
      responses: {
        200: {
          description: "Done, or found.",
          content: {
            "application/json": {
              schema: message === undefined ? { type: "object" } : { $ref: `#/components/schemas/${message}` },
            },
          },
        },
        default: {
          description: "It is refused, or can't be answered.",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Console for Temporal", version: "1" },
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "An API token, `tbc_…`." },
        session: { type: "apiKey", in: "cookie", name: "tbc", description: "Writes also need the header `x-tbc`." },
      },
      schemas: { Problem: problem, ...messageSchemas(messages) },
    },
  };
}

function pathParameters(path: string): Schema[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: z.ZodObject | undefined): Schema[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

const jsonBody = (schema: Schema): Schema => ({ required: true, content: { "application/json": { schema } } });
