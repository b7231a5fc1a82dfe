/**
 * `POST /codec/:ns/decode` and `/encode`: the protocol of codec servers, for Temporal's CLI (`--codec-endpoint`,
 * `--codec-auth "Bearer tbc_…"`) and for the bundled UI. Who has `payload.read` may ask; what is redacted stays so.
 */

import type { Hono } from "hono";
import { z } from "zod";
import type { Env } from "./app";
import { type Gate, readJson } from "./gate/gate";
import { badRequest } from "./problem";
import type { Temporal } from "./temporal/temporal";

interface CodecEndpointOptions {
  gate: Gate;
  temporal: Temporal;
  /** Of other pages that may ask with the visitor's cookie. */
  origins: ReadonlySet<string>;
}

const payload = z.object({ metadata: z.record(z.string(), z.string()).optional(), data: z.string().optional() });
const request = z.object({ payloads: z.array(payload).max(1000) });

export function addCodecEndpoint(app: Hono<Env>, { gate, temporal, origins }: CodecEndpointOptions): void {
  const cors = (origin: string | undefined): Record<string, string> =>
    origin === undefined || !origins.has(origin)
      ? {}
      : {
          "access-control-allow-origin": origin,
          "access-control-allow-credentials": "true",
          "access-control-allow-headers": "authorization, content-type, x-namespace",
          vary: "origin",
        };

  app.options(
    "/codec/*",
    (context) => new Response(null, { status: 204, headers: cors(context.req.header("origin")) }),
  );
  for (const direction of ["decode", "encode"] as const) {
    app.post(`/codec/:ns/${direction}`, async (context) => {
      const { raw } = context.req;
      const headers = cors(context.req.header("origin"));
      const isForeign = Object.keys(headers).length > 0;
      const caller = isForeign ? await gate.identifyForeign(raw) : await gate.identify(raw);
      const namespace = context.req.param("ns");
      gate.demand(caller, "payload.read", { namespace });
      const body = request.safeParse(await readJson(raw));
      if (!body.success) throw badRequest("The body is not that of a codec server's request", "Send {payloads: […]}.");
      const payloads =
        direction === "decode"
          ? await temporal.payloads.decode(body.data.payloads, namespace)
          : await temporal.payloads.encodePayloads(body.data.payloads, namespace);
      return Response.json({ payloads }, { headers: { ...headers, "cache-control": "no-store" } });
    });
  }
}
