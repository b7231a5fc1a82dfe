import { expect, test } from "bun:test";
import packageJson from "../../package.json";
import { Client, Connection, type ConnectionOptions, ServiceError } from "../../src/client";
import { recordedConnection } from "../support/recorded-connection";

const recorded = (options: ConnectionOptions = {}) =>
  recordedConnection(({ address }) => Connection.connect({ address, ...options }));

test("every call says who makes it and for which namespace", async () => {
  await using it = await recorded();
  await it.call();
  expect(it.headers()).toMatchObject({
    "client-name": packageJson.name,
    "client-version": packageJson.version,
    "temporal-namespace": "ns",
  });
  expect(it.connecting.map((call) => call.rpc)).toEqual(["GetSystemInfo"]);
});

test("metadata: of the connection, of a scope over it, of an inner scope over that", async () => {
  await using it = await recorded({ metadata: { "X-One": "1", "x-two": "1", "x-bin": new Uint8Array([1, 2]) } });
  expect(it.connecting[0]!.headers["x-one"]).toBe("1");
  await it.connection.withMetadata({ "X-TWO": "2", "x-three": "2" }, () =>
    it.connection.withMetadata({ "x-three": "3" }, it.call),
  );
  expect(it.headers()).toMatchObject({ "x-one": "1", "x-two": "2", "x-three": "3", "x-bin": "AQI" });
  await it.call();
  expect(it.headers()["x-two"]).toBe("1");
  expect(it.headers()["x-three"]).toBeUndefined();
  it.connection.setMetadata({ "x-one": "new" });
  await it.call();
  expect([it.headers()["x-one"], it.headers()["x-two"], it.headers()["x-bin"]]).toEqual(["new", undefined, undefined]);
});

test("a name that can't be one is a TypeError", async () => {
  await using it = await recorded();
  for (const attempt of [
    () => recorded({ metadata: { "a b": "c" } }),
    () => it.connection.withMetadata({ "a b": "c" }, it.call),
  ]) {
    const error = await attempt().catch((reason) => reason);
    expect(error).toMatchObject({ name: "TypeError", message: expect.stringContaining("metadata.a b") });
  }
});

test("scopes do not leak into calls made at the same time", async () => {
  await using it = await recorded();
  const { connection, server, call } = it;
  await Promise.all([connection.withMetadata({ who: "a" }, call), connection.withMetadata({ who: "b" }, call), call()]);
  expect(server.calls.map((item) => item.headers.who as string | undefined).sort()).toEqual(["a", "b", undefined]);
});

test("API keys: fixed, of a scope, replaced", async () => {
  await using it = await recorded({ apiKey: "fixed", tls: false });
  await it.call();
  expect([it.connecting[0]!.headers.authorization, it.headers().authorization]).toEqual([
    "Bearer fixed",
    "Bearer fixed",
  ]);
  await it.connection.withApiKey("scope", it.call);
  expect(it.headers().authorization).toBe("Bearer scope");
  it.connection.setApiKey("later");
  await it.call();
  expect(it.headers().authorization).toBe("Bearer later");
  expect(() => it.connection.setApiKey("")).toThrow(TypeError);
});

test("API keys: a function is asked before each call", async () => {
  let count = 0;
  await using it = await recorded({ apiKey: () => `key ${++count}`, tls: false });
  await it.call();
  await it.call();
  expect(it.headers().authorization).toBe("Bearer key 3");
  const next = ["first", "second", "third"];
  it.connection.setApiKey(() => next.shift()!);
  await it.call();
  await it.call();
  expect([it.headers().authorization, next]).toEqual(["Bearer second", ["third"]]);
});

test("deadlines travel", async () => {
  await using it = await recorded();
  await it.connection.withDeadline(Date.now() + 60_000, it.call);
  const timeout = /^(\d+)u$/.exec(String(it.headers()["grpc-timeout"]));
  expect(Number(timeout?.[1])).toBeGreaterThan(30_000_000);
  expect(Number(timeout?.[1])).toBeLessThanOrEqual(60_000_000);
});

test("calls that fail for passing reasons are tried again", async () => {
  await using it = await recorded();
  it.server.codes.push(14, 14);
  await it.call();
  expect(it.server.calls.length).toBe(3);
  it.server.codes.push(3);
  await expect(it.call()).rejects.toMatchObject({ code: 3, details: "chosen by the test" });
});

test("the number of attempts can be set, or retries turned off", async () => {
  for (const [retry, attempts] of [
    [{ maxAttempts: 2, initialInterval: 1 }, 2],
    [null, 1],
  ] as const) {
    await using it = await recorded({ retry });
    it.server.codes.push(14, 14, 14, 14);
    const { workflow } = new Client({ connection: it.connection });
    const error = await workflow.count().catch((reason) => reason);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error.message).toBe("Failed to count workflows: chosen by the test");
    expect(error.cause).toMatchObject({ code: 14 });
    expect(it.server.calls.length).toBe(attempts);
  }
});

test("requests are compressed only if asked for", async () => {
  for (const [options, encoding] of [
    [{}, undefined],
    [{ grpcCompression: "gzip" }, "gzip"],
    [{ grpcCompression: { codec: "gzip" } }, "gzip"],
    [{ grpcCompression: { codec: "none" } }, undefined],
  ] as const) {
    await using it = await recorded(options);
    await it.call();
    expect(it.headers()["grpc-encoding"]).toBe(encoding);
  }
});
