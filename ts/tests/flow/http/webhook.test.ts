/** Webhooks: what they start, what they refuse, and what they answer. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac, randomUUID } from "node:crypto";
import * as flow from "../../../src/integrations/flow";
import { Runtime } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { anything, schema, withApp } from "../support";

const unique = (name: string) => `${name}-${randomUUID().slice(0, 8)}`;
const post = (path: string, body?: string | Uint8Array | ReadableStream, headers: Record<string, string> = {}) =>
  new Request(`http://app${path}`, { method: "POST", body: body as BodyInit, headers });

/** Calls a function. Returns what was logged as a warning meanwhile, too. */
async function logging<R>(call: () => Promise<R>): Promise<{ logged: string[]; result: R }> {
  const logged: string[] = [];
  const { logger } = Runtime.instance();
  const warn = logger.warn.bind(logger);
  logger.warn = (message, meta) => logged.push(JSON.stringify([message, meta]));
  try {
    return { result: await call(), logged };
  } finally {
    logger.warn = warn;
  }
}

/** A flow that gives its payload back, started by a webhook at `/in`. */
function echo(
  options: Partial<flow.WebhookOptions<any>> = {},
  payload: flow.StandardSchema<any> = anything<unknown>(),
) {
  const triggers = [flow.webhook("/in", { auth: "none", ...options })];
  return flow.define({ id: unique("echo"), payload, triggers }, (f) => f.transform("echo", (c) => c.payload));
}

describe("a webhook", () => {
  test("starts a run with the body, and says where to ask for it", async () => {
    const of = echo();
    await withApp([of], async ({ app, client }) => {
      const accepted = await app.fetch(post("/in", '{"a":1}'));
      expect(accepted.status).toBe(202);
      const { id } = (await accepted.json()) as { id: string };
      expect(id).toStartWith(`${of.id}/`);
      expect(await client.workflow.getHandle(id).result()).toEqual({ a: 1 });
      const told = await app.fetch(new Request(new URL(accepted.headers.get("location")!, "http://app/in")));
      expect([told.status, await told.json()]).toEqual([200, { id, status: "COMPLETED", output: { a: 1 } }]);
    });
  });

  test("takes forms as objects of texts", async () => {
    await withApp([echo({ respond: "result" })], async ({ app }) => {
      const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
      const answer = await app.fetch(post("/in", "a=1&b=x%20y", form));
      expect(await answer.json()).toMatchObject({ status: "COMPLETED", output: { a: "1", b: "x y" } });
    });
  });

  test("starts what map makes of the request, or nothing", async () => {
    const of = echo({
      respond: "result",
      map: ({ body, headers, query, deliveryId }) =>
        body === null ? undefined : { of: body, agent: headers.get("x-agent"), q: query.get("q"), deliveryId },
      auth: flow.auth.hmac({ secret: "s", header: "x-sig" }),
    });
    await withApp([of], async ({ app }) => {
      const signed = (body: string) => ({
        "x-sig": createHmac("sha256", "s").update(body).digest("hex"),
        "x-agent": "me",
      });
      const answer = await app.fetch(post("/in?q=7", '"b"', signed('"b"')));
      expect(await answer.json()).toMatchObject({ output: { of: "b", agent: "me", q: "7" } });
      const none = await app.fetch(post("/in", "null", signed("null")));
      expect([none.status, await none.text()]).toEqual([204, ""]);
    });
  });

  test("that comes 50 times at once starts one run", async () => {
    const of = echo({ auth: flow.auth.github({ secret: "s" }) });
    await withApp([of], async ({ app, client }) => {
      const body = '{"a": 1}';
      const signature = `sha256=${createHmac("sha256", "s").update(body).digest("hex")}`;
      const send = () => app.fetch(post("/in", body, { "x-hub-signature-256": signature, "x-github-delivery": "d-1" }));
      const answers = await Promise.all(Array.from({ length: 50 }, send));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 202));
      const ids = await Promise.all(answers.map((answer) => answer.json()));
      expect(new Set(ids.map(({ id }: any) => id))).toEqual(new Set([`${of.id}/d-1`]));
      const handle = client.workflow.getHandle(`${of.id}/d-1`);
      await handle.result();
      const first = (await handle.describe()).runId;
      await send();
      expect((await handle.describe()).runId).toBe(first);
    });
  });

  test("has a key of its own where that is asked for", async () => {
    const of = echo({ idempotencyKey: ({ body }) => body.key });
    await withApp([of], async ({ app }) => {
      const id = async (key: unknown) => (await (await app.fetch(post("/in", JSON.stringify({ key })))).json()) as any;
      expect([await id("k"), await id("k")]).toEqual([{ id: `${of.id}/k` }, { id: `${of.id}/k` }]);
      for (const key of ["", 7, "x".repeat(801), "é".repeat(401)])
        expect(await id(key)).toEqual({ error: "The idempotency key must be a text of 1 to 800 bytes" });
      expect((await id(undefined)).id).toStartWith(`${of.id}/`);
    });
  });
});

describe("refuses", () => {
  const amount = schema<{ n: number }>((value) => {
    if (typeof value?.n !== "number") throw new Error("n must be a number");
    return value;
  });
  const of = echo({ maxBytes: 100, auth: flow.auth.bearer({ token: "secret-token" }) }, amount);
  const bearer = { authorization: "Bearer secret-token" };
  const wide = (bytes: number) => JSON.stringify({ n: 1, wide: "x".repeat(bytes - 17) });

  test.each<[string, Request, number, object]>([
    ["another path", post("/other", "{}"), 404, { error: "There is nothing at this address" }],
    ["two slashes", post("//in", "{}", bearer), 404, { error: "There is nothing at this address" }],
    ["an encoded path", post("/%69n", "{}", bearer), 404, { error: "There is nothing at this address" }],
    ["a slash too many", post("/in/", "{}", bearer), 404, { error: "There is nothing at this address" }],
    ["no token", post("/in", '{"n":1}'), 401, { error: "Not authorized" }],
    ["another token", post("/in", '{"n":1}', { authorization: "Bearer x" }), 401, { error: "Not authorized" }],
    ["GET without a run", new Request("http://app/in"), 405, { error: "GET isn't possible here but with ?run=" }],
    [
      "DELETE",
      new Request("http://app/in", { method: "DELETE" }),
      405,
      { error: "DELETE isn't possible here, only POST, GET, HEAD, OPTIONS" },
    ],
    ["no JSON", post("/in", "{n:1}", bearer), 400, { error: expect.stringContaining("The body isn't JSON: ") }],
    ["no UTF-8", post("/in", new Uint8Array([0x22, 0xff, 0x22]), bearer), 400, { error: "The body isn't UTF-8" }],
    [
      "a packed body",
      post("/in", "x", { ...bearer, "content-encoding": "gzip" }),
      415,
      { error: "Bodies with Content-Encoding 'gzip' aren't taken" },
    ],
    [
      "another payload",
      post("/in", '{"n":"1"}', bearer),
      400,
      { error: "The payload isn't what is taken here", issues: [{ path: "given", message: "n must be a number" }] },
    ],
    [
      "nothing",
      post("/in", "", bearer),
      400,
      { error: "The payload isn't what is taken here", issues: [{ path: "given", message: "n must be a number" }] },
    ],
    ["a large body", post("/in", wide(101), bearer), 413, { error: "The body is larger than 100 bytes" }],
    [
      "a large body before it asks who sends it",
      post("/in", wide(101)),
      413,
      { error: "The body is larger than 100 bytes" },
    ],
  ])("%s", async (_, request, status, answer) => {
    await withApp([of], async ({ app }) => {
      const response = await app.fetch(request);
      expect([response.status, await response.json()]).toEqual([status, answer as any]);
      expect(response.headers.get("cache-control")).toBe("no-store");
    });
  });

  test("a body whose length nobody says, once it is too long, and doesn't read the rest", async () => {
    await withApp([of], async ({ app }) => {
      let pulls = 0;
      let isCancelled = false;
      const endless = new ReadableStream({
        pull: (controller) => {
          pulls++;
          controller.enqueue(new Uint8Array(60));
        },
        cancel: () => {
          isCancelled = true;
        },
      });
      const response = await app.fetch(post("/in", endless, bearer));
      expect([response.status, isCancelled]).toEqual([413, true]);
      expect(pulls).toBeLessThan(10);
    });
  });

  test("takes a body of just the size", async () => {
    await withApp([of], async ({ app }) => expect((await app.fetch(post("/in", wide(100), bearer))).status).toBe(202));
  });

  test("to tell of runs of other flows, or to who may not start one", async () => {
    await withApp([of, echo({ auth: "none" }, amount)].slice(0, 1), async ({ app, run }) => {
      await run(of, { n: 1 });
      const ask = async (id: string, headers: Record<string, string> = bearer) =>
        (await app.fetch(new Request(`http://app/in?run=${encodeURIComponent(id)}`, { headers }))).status;
      expect(await ask(`${of.id}/x`, {})).toBe(401);
      expect(await ask(`${of.id}/unknown`)).toBe(404);
      expect(await ask("other/x")).toBe(404);
    });
  });

  test("why is in log and metric and not in the answer, and no secret in any", async () => {
    const { metricMeter } = Runtime.instance();
    const create = metricMeter.createCounter.bind(metricMeter);
    const counted: unknown[] = [];
    metricMeter.createCounter = (...args) => {
      const counter = create(...args);
      if (counter.name !== "temporal_bun_flow_http_requests") return counter;
      const add = counter.add.bind(counter);
      counter.add = (value, labels) => {
        counted.push(labels);
        add(value, labels);
      };
      return counter;
    };
    try {
      const { logged } = await logging(() =>
        withApp([of], async ({ app }) => {
          await app.fetch(post("/in", "{}", { authorization: "Bearer wrong-token" }));
          await app.fetch(post("/other", "{}"));
        }),
      );
      expect(logged).toEqual([expect.stringContaining('"status":401,"reason":"bearer: the signature is wrong"')]);
      expect(logged.join()).not.toMatch(/secret-token|wrong-token/);
      expect(counted).toEqual([
        { path: "/in", status: "401", reason: "bearer: the signature is wrong" },
        { path: "unknown", status: "404" },
      ]);
    } finally {
      metricMeter.createCounter = create;
    }
  });
});

describe("secrets of the environment", () => {
  const token = `token-${randomUUID()}`;
  const auth = flow.auth.bearer({ token: flow.secret("TEST_TOKEN") });
  const bearer = { authorization: `Bearer ${token}` };
  beforeAll(() => void (process.env["TEST_TOKEN"] = token));
  afterAll(() => void delete process.env["TEST_TOKEN"]);

  test("that map puts into a payload start nothing, and are in no answer and no log", async () => {
    const of = echo({
      auth,
      map: ({ headers }) => ({ from: headers.get("authorization") }),
      idempotencyKey: () => "k",
    });
    const { logged, result } = await logging(() =>
      withApp([of], async ({ app, client }) => {
        const answer = await app.fetch(post("/in", "{}", bearer));
        expect([answer.status, await answer.text()]).toEqual([500, '{"error":"This request failed"}']);
        return client.workflow
          .getHandle(`${of.id}/k`)
          .describe()
          .then(
            () => "started",
            (error) => error.name,
          );
      }),
    );
    expect(result).toBe("WorkflowNotFoundError");
    expect(logged.join()).toContain("has a secret in it: leave it out by map");
    expect(logged.join()).not.toContain(token);
  });

  test("that map throws are masked in the log", async () => {
    const map = ({ headers }: flow.WebhookRequest) => {
      throw new Error(`can't read ${headers.get("authorization")}`);
    };
    const { logged, result } = await logging(() =>
      withApp([echo({ auth, map })], async ({ app }) => (await app.fetch(post("/in", "{}", bearer))).text()),
    );
    expect(result).toBe('{"error":"This request failed"}');
    expect(logged.join()).toContain("can't read Bearer ***");
    expect(logged.join()).not.toContain(token);
  });
});

describe("respond", () => {
  const slow = flow.define(
    {
      id: unique("slow"),
      payload: anything<{ n: number }>(),
      triggers: [flow.webhook("/slow", { auth: "none", respond: "step", idempotencyKey: ({ body }) => body.key })],
    },
    (f) =>
      f
        .transform("double", ({ payload }) => payload.n * 2)
        .respond(({ last }) => ({ status: 201, headers: { "x-n": String(last) }, body: { doubled: last } }))
        .step("rest", () => "done"),
  );

  test("answers the caller in the middle of the run, and again when it has ended", async () => {
    await withApp([slow], async ({ app, client }) => {
      const send = () => app.fetch(post("/slow", JSON.stringify({ n: 21, key: "a" })));
      const answers = await Promise.all([send(), send(), send()]);
      await client.workflow.getHandle(`${slow.id}/a`).result();
      for (const answer of [...answers, await send()]) {
        expect([answer.status, answer.headers.get("x-n")]).toEqual([201, "42"]);
        expect(await answer.json()).toEqual({ doubled: 42 });
      }
      const { events = [] } = await client.workflow.getHandle(`${slow.id}/a`).fetchHistory();
      expect(events.filter(({ workflowExecutionStartedEventAttributes: started }) => started)).toHaveLength(1);
    });
  });

  test("answers 50 callers at once by one update", async () => {
    await withApp([slow], async ({ app, client }) => {
      const send = () => app.fetch(post("/slow", JSON.stringify({ n: 21, key: "many" })));
      const answers = await Promise.all(Array.from({ length: 50 }, send));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201));
      const handle = client.workflow.getHandle(`${slow.id}/many`);
      await handle.result();
      const { events = [] } = await handle.fetchHistory();
      expect(events.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toHaveLength(1);
    });
  });

  test("tells callers of a run that was terminated how it ended, those that waited and those that come again", async () => {
    const of = flow.define(
      {
        id: unique("ended"),
        payload: anything(),
        triggers: [flow.webhook("/ended", { auth: "none", respond: "step", idempotencyKey: () => "k" })],
      },
      (f) => f.sleep("30d").respond({ body: 1 }),
    );
    await withApp([of], async ({ app, client }) => {
      const send = () => app.fetch(post("/ended", "{}"));
      const waiting = send();
      const handle = client.workflow.getHandle(`${of.id}/k`);
      const accepted = async () =>
        (await handle.fetchHistory().catch(() => ({ events: [] }))).events?.some(
          (event) => event.workflowExecutionUpdateAcceptedEventAttributes,
        );
      await eventually(accepted, (is) => is === true);
      await handle.terminate();
      for (const answer of [await waiting, await send()])
        expect([answer.status, await answer.json()]).toEqual([500, { id: `${of.id}/k`, status: "TERMINATED" }] as any);
      const told = await app.fetch(new Request(`http://app/ended?run=${encodeURIComponent(`${of.id}/k`)}`));
      expect([told.status, await told.json()]).toEqual([200, { id: `${of.id}/k`, status: "TERMINATED" }] as any);
    });
  });

  test.each([
    ["COMPLETED", 200, () => false],
    [
      "FAILED",
      500,
      () => {
        throw new Error("no");
      },
    ],
  ])("a run that ends without an answer says so: %s", async (status, code, condition) => {
    const of = flow.define(
      {
        id: unique("mute"),
        payload: anything(),
        defaults: { retry: { attempts: 1 } },
        triggers: [flow.webhook("/mute", { auth: "none", respond: "step" })],
      },
      (f) =>
        f
          .step("first", condition)
          .if("never", () => false)
          .respond({ body: 1 })
          .endIf(),
    );
    await withApp([of], async ({ app }) => {
      const answer = await app.fetch(post("/mute", "{}"));
      expect([answer.status, await answer.json()]).toEqual([
        code,
        { id: expect.stringContaining(of.id), status },
      ] as any);
    });
  });

  test("texts with a type of their own, and no body at all", async () => {
    const of = flow.define(
      {
        id: unique("texts"),
        payload: anything<flow.FlowResponse>(),
        triggers: [flow.webhook("/texts", { auth: "none", respond: "step" })],
      },
      (f) => f.respond(({ payload }) => payload),
    );
    await withApp([of], async ({ app }) => {
      const of = async (body: object | null) => {
        const answer = await app.fetch(post("/texts", JSON.stringify(body)));
        return [answer.status, answer.headers.get("content-type"), await answer.text()];
      };
      expect(await of({ headers: { "Content-Type": "text/xml" }, body: "<a/>" })).toEqual([200, "text/xml", "<a/>"]);
      expect(await of({ body: "text" })).toEqual([200, "application/json;charset=utf-8", '"text"']);
      expect(await of({})).toEqual([204, null, ""]);
      expect(await of(null)).toEqual([204, null, ""]);
      expect(await of({ status: 303, headers: { location: "/x" } })).toEqual([303, null, ""]);
      expect((await of({ status: 99 }))[0]).toBe(500);
    });
  });

  test("is a verb that the harness, the graph and the types know; not for loops over items", () => {
    expect(slow.mermaid()).toContain('>"double respond"]');
    const options = { id: "x", payload: anything() };
    expect(() =>
      flow.define(options, (f) =>
        f.forEach(
          "each",
          () => [1],
          (b) => b.respond({}),
        ),
      ),
    ).toThrow("respond() isn't possible in the loop 'each'");
    const response = { status: 99 };
    expect(() => flow.define(options, (f) => f.respond(response))).toThrow("needs a response with a status from 200");
    const triggers = [flow.webhook("/x", { auth: "none", respond: "step" })];
    expect(() => flow.define({ ...options, triggers }, (f) => f.step("a", () => 1))).toThrow("so it needs a respond()");
  });
});

describe("an application", () => {
  test("serves HTTP while it runs, says whether it is ready, and ends requests in hand first", async () => {
    const of = echo({ respond: "result" });
    let answer: Promise<Response> | undefined;
    let app: flow.App | undefined;
    await withApp(
      [of],
      async (fixture) => {
        app = fixture.app;
        const at = (path: string) => new URL(path, app!.url);
        expect((await fetch(at("/flow/health"))).status).toBe(200);
        expect(await (await fetch(at("/flow/ready"))).json()).toEqual({ status: "ready" });
        expect((await fetch(at("/flow/ready"), { method: "HEAD" })).status).toBe(200);
        answer = fetch(at("/in"), { method: "POST", body: "[1]" });
        // It is in hand once the server has answered what came after it.
        await fetch(at("/flow/health"));
      },
      { http: { port: 0, hostname: "127.0.0.1" } },
    );
    expect(await (await answer!).json()).toMatchObject({ status: "COMPLETED", output: [1] });
    expect(app!.url).toBeUndefined();
    expect((await app!.fetch(post("/in", "1"))).status).toBe(503);
    expect((await app!.fetch(new Request("http://app/flow/health"))).status).toBe(503);
  });

  test("names all secrets that aren't set", () => {
    const of = flow.define(
      {
        id: "s",
        payload: anything(),
        triggers: [
          flow.webhook("/a", { auth: flow.auth.slack({ secret: [flow.secret("NO_A"), flow.secret("NO_B")] }) }),
        ],
      },
      (f) => f.step("a", () => 1),
    );
    expect(() => flow.app({ flows: [of], connection: undefined as any, taskQueue: "q" })).toThrow(
      "These environment variables aren't set: NO_A (for the webhook /a), NO_B (for the webhook /a)",
    );
  });

  test("names a secret of the environment that has another form than the sender's", async () => {
    process.env["TEST_WHSEC"] = "no whsec";
    const auth = flow.auth.standardWebhooks({ secret: flow.secret("TEST_WHSEC") });
    try {
      await expect(withApp([echo({ auth })], async () => undefined)).rejects.toThrow(
        'webhook /in: A secret of auth.standardWebhooks is "whsec_" and base64',
      );
    } finally {
      delete process.env["TEST_WHSEC"];
    }
  });

  test("refuses two webhooks for the same requests", async () => {
    await expect(withApp([echo(), echo()], async () => undefined)).rejects.toThrow("both take POST /in");
  });
});

test.each<[any, any, string]>([
  ["/a", undefined, "auth is missing"],
  ["/a", { auth: "basic" }, "auth is missing"],
  ["a", { auth: "none" }, "the path must begin with '/'"],
  ["/a?b", { auth: "none" }, "the path must begin with '/'"],
  ["/a/../b", { auth: "none" }, "the path must begin with '/'"],
  ["/", { auth: "none" }, "the path must begin with '/'"],
  ["/flow/x", { auth: "none" }, "belong to the application"],
  ["/a", { auth: "none", method: "GET" }, "method must be one of"],
  ["/a", { auth: "none", respond: "later" }, "respond must be one of"],
  ["/a", { auth: "none", maxBytes: 0 }, "maxBytes must be"],
])("webhook(%j, %j) is refused: %s", (path, options, why) => expect(() => flow.webhook(path, options)).toThrow(why));
