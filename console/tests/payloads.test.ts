import { expect, test } from "bun:test";
import type { SdkCodec } from "../server/temporal/codec";
import { codecServer } from "../server/temporal/codec-server";
import { redactor } from "../server/temporal/redact";
import { api, cli, send, testConsole, tokenFor, unique } from "./support";

/** Turns bytes around, so that what is in them is not to be read by chance. */
const mirror = (bytes: Uint8Array | null | undefined) => new Uint8Array(bytes ?? []).reverse();
const encoding = (text: string) => ({ encoding: new TextEncoder().encode(text) });
const mirrorCodec: SdkCodec = {
  async encode(payloads) {
    return payloads.map(({ data, metadata }) => ({
      metadata: { ...encoding("binary/mirrored"), was: metadata?.["encoding"] ?? new Uint8Array() },
      data: mirror(data),
    }));
  },
  async decode(payloads) {
    return payloads.map(({ data, metadata }) => {
      if (metadata?.["was"] === undefined) throw new Error("this payload was not mirrored");
      return { metadata: { encoding: metadata["was"] }, data: mirror(data) };
    });
  },
};

const inputOf = (event: {
  workflowExecutionStartedEventAttributes: { input: { payloads: Record<string, unknown>[] } };
}) => event.workflowExecutionStartedEventAttributes.input.payloads;

test("without payload.read there are encoding, size and hash, whatever is asked for", async () => {
  await using running = await testConsole();
  const viewer = await tokenFor(running, {}, [{ role: "viewer", namespaces: "*" }]);
  const [workflowId, secret] = [unique("hidden"), unique("secret")];
  await api(running, "POST", "/ns/default/workflows", {
    workflowId,
    type: "t",
    taskQueue: "q",
    input: [{ secret }],
    memo: { secret },
    summary: secret,
    details: secret,
  });
  const scheduleId = unique("hidden");
  await api(running, "POST", "/ns/default/schedules", {
    id: scheduleId,
    spec: { intervals: [{ every: "1d" }] },
    action: { workflowId, type: "t", taskQueue: "q", input: [secret] },
    memo: { secret },
  });
  const run = `/ns/default/workflows/${workflowId}/latest`;
  const seen: string[] = [];
  const paths = [
    run,
    `${run}/history`,
    `${run}/history/1`,
    `${run}/relations`,
    `/ns/default/schedules/${scheduleId}`,
    "/ns/default/schedules",
  ];
  for (const path of paths) {
    const text = JSON.stringify(await api(running, "GET", path, undefined, viewer));
    expect([path, text.includes(secret)]).toEqual([path, false]);
    seen.push(text);
    // Who may read them finds them in the same places.
    const full = JSON.stringify(await api(running, "GET", path));
    if (!/history$|relations$|schedules$/.test(path)) expect([path, full.includes(secret)]).toEqual([path, true]);
  }
  const [payload] = inputOf(JSON.parse(seen[2]!));
  expect(payload).toEqual({
    encoding: "json/plain",
    size: expect.any(Number),
    hash: expect.stringMatching(/^[\da-f]{16}$/),
  });
  // Nobody finds out what is in it by trying.
  const guess = new Bun.CryptoHasher("sha256").update(JSON.stringify({ secret })).digest("hex").slice(0, 16);
  expect(payload!["hash"]).not.toBe(guess);
});

test("codecs of the configuration decode what is shown, and encode what is sent", async () => {
  await using running = await testConsole({ config: { payloadCodecs: [mirrorCodec] } });
  const workflowId = unique("mirrored");
  await api(running, "POST", "/ns/default/workflows", { workflowId, type: "t", taskQueue: "q", input: ["a text"] });
  const history = await cli(running, "workflow", "show", "-w", workflowId);
  const [raw] = inputOf(history.events[0]) as { data: string }[];
  expect(Buffer.from(raw!.data, "base64").toString()).toBe('"txet a"');
  const event = () => api(running, "GET", `/ns/default/workflows/${workflowId}/latest/history/1`);
  expect(inputOf(await event())).toMatchObject([{ encoding: "binary/mirrored", value: "a text" }]);

  // One that can't be decoded does not hide the others.
  const other = unique("mixed");
  await cli(running, "workflow", "start", "-w", other, "--type", "t", "-t", "q", "-i", '"plain"');
  const mixed = await api(running, "GET", `/ns/default/workflows/${other}/latest/history/1`);
  expect(inputOf(mixed)).toMatchObject([{ encoding: "json/plain", problem: "this payload was not mirrored" }]);
});

test("Temporal's CLI decodes with the console's codec endpoint, if its token has payload.read", async () => {
  await using running = await testConsole({
    config: { payloadCodecs: [mirrorCodec], codecOrigins: ["http://ui.example"] },
  });
  const workflowId = unique("endpoint");
  await api(running, "POST", "/ns/default/workflows", {
    workflowId,
    type: "t",
    taskQueue: "q",
    memo: { word: "hello" },
  });
  const reader = await tokenFor(running, {}, [{ role: "developer", namespaces: "default" }]);
  const viewer = await tokenFor(running, {}, [{ role: "viewer", namespaces: "default" }]);
  const describe = (headers: Record<string, string>) =>
    cli(
      running,
      "workflow",
      "describe",
      "-w",
      workflowId,
      "--codec-endpoint",
      `${running.origin}/codec/default`,
      "--codec-auth",
      headers["authorization"]!,
    );
  const decoded = await describe(reader);
  expect(decoded.workflowExecutionInfo.memo.fields).toEqual({ word: "hello" });
  const refused = await send(running, "POST", "/codec/default/decode", { payloads: [] }, viewer);
  expect([refused.status, refused.body.action]).toEqual([403, "payload.read"]);

  // Pages of other origins: only those of the configuration.
  const ask = (origin: string) =>
    send(running, "POST", "/codec/default/decode", { payloads: [] }, { ...reader, origin });
  expect((await ask("http://ui.example")).headers.get("access-control-allow-origin")).toBe("http://ui.example");
  expect((await ask("http://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
  const foreign = { origin: "http://evil.example", "sec-fetch-site": "cross-site" };
  expect((await send(running, "POST", "/codec/default/decode", { payloads: [] }, foreign)).status).toBe(403);
});

test("what is redacted is nowhere: not in values, not in downloads, not at the codec endpoint", async () => {
  await using running = await testConsole({ config: { redact: ["**.password"] } });
  const [workflowId, secret] = [unique("redacted"), unique("secret")];
  const input = [{ user: { name: "ada", Password: secret }, list: [{ password: [secret] }] }];
  await api(running, "POST", "/ns/default/workflows", { workflowId, type: "t", taskQueue: "q", input });
  const run = `/ns/default/workflows/${workflowId}/latest`;
  const event = await api(running, "GET", `${run}/history/1`);
  expect(inputOf(event)[0]!["value"]).toEqual({
    user: { name: "ada", Password: "[redacted]" },
    list: [{ password: "[redacted]" }],
  });
  const { events } = await api(running, "GET", `${run}/download`);
  const [raw] = inputOf(events[0]) as { data: string; metadata: Record<string, string> }[];
  expect(Buffer.from(raw!.data, "base64").toString()).not.toContain(secret);
  const { events: plain } = await cli(running, "workflow", "show", "-w", workflowId);
  const { body } = await send(running, "POST", "/codec/default/decode", { payloads: inputOf(plain[0]) });
  expect(Buffer.from(body.payloads[0].data, "base64").toString()).toContain("[redacted]");
});

test("patterns of what is redacted", () => {
  const value = { a: { b: 1, c: { b: 2 } }, b: 3 };
  const redacted = "[redacted]";
  expect(redactor(["b"])(value)).toEqual({ a: { b: 1, c: { b: 2 } }, b: redacted });
  expect(redactor(["a.*"])(value)).toEqual({ a: { b: redacted, c: redacted }, b: 3 });
  expect(redactor(["**.b"])(value)).toEqual({ a: { b: redacted, c: { b: redacted } }, b: redacted });
  expect(redactor(["a.c.b", "x"])(value)).toEqual({ a: { b: 1, c: { b: redacted } }, b: 3 });
  expect(redactor([])(value)).toBe(value);
});

test("a codec server's payloads are shown; its address may not lead into private networks", async () => {
  const asked: { namespace: string | null; host: string | null }[] = [];
  let answer: (payloads: object[]) => Response = (payloads) => Response.json({ payloads });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      asked.push({ namespace: request.headers.get("x-namespace"), host: request.headers.get("host") });
      const { payloads } = (await request.json()) as { payloads: object[] };
      return answer(payloads);
    },
  });
  const payload = { metadata: { encoding: "eA==" }, data: "eA==" };
  const codec = (host: string, allowAddresses: string[] = []) =>
    codecServer({ url: `http://${host}:${server.port}`, allowAddresses });
  const problemOf = async (host: string) => (await codec(host).decode([payload], "ns"))[0];
  for (const host of ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "169.254.169.254", "10.0.0.1"])
    expect([host, await problemOf(host)]).toEqual([
      host,
      expect.objectContaining({ message: expect.stringContaining("not allowed") }),
    ]);
  expect(asked).toEqual([]);

  const allowed = codec("localhost", ["127.0.0.0/8", "::1"]);
  expect(await allowed.decode([payload], "orders")).toEqual([payload]);
  expect(asked).toEqual([{ namespace: "orders", host: `localhost:${server.port}` }]);
  answer = () => Response.redirect("http://169.254.169.254/");
  expect(await allowed.decode([payload], "ns")).toEqual([
    expect.objectContaining({ message: expect.stringContaining("302") }),
  ]);
  answer = () => Response.json({ payloads: [{ data: "x".repeat(100_000) }] });
  expect(await allowed.decode([payload], "ns")).toEqual([
    expect.objectContaining({ message: expect.stringContaining("larger") }),
  ]);
  await server.stop(true);
});

test("/openapi.json describes every route", async () => {
  await using running = await testConsole();
  const { routes } = await import("../shared/routes");
  const { body } = await send(running, "GET", "/openapi.json");
  expect(body.openapi).toBe("3.1.0");
  const described = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
    (path) => Object.values(path).map(({ operationId }) => operationId),
  );
  expect(described.sort()).toEqual(Object.keys(routes).sort());
  const references = new Set(JSON.stringify(body).match(/#\/components\/schemas\/[\w.]+/g));
  for (const reference of references) expect(body.components.schemas).toHaveProperty([reference.split("/").at(-1)!]);
  expect(references.size).toBeGreaterThan(100);
});
