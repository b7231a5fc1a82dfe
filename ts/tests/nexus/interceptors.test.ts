import { expect, setDefaultTimeout, test } from "bun:test";
import * as nexus from "nexus-rpc";
import { metricMeter, operationInfo } from "../../src/nexus";
import type { NexusInterceptorsFactory } from "../../src/worker";
import { run } from "../support/process";
import { type Order, shop } from "./fixtures/service";
import { address, connection, namespace, operation, serving, unique } from "./support";

setDefaultTimeout(180_000);

test("inbound: around start and cancel, the first outermost; they may change what the handler gets and what comes of it", async () => {
  const seen: string[] = [];
  const cancelled = Promise.withResolvers<string>();
  const order: nexus.OperationHandler<Order, string> = {
    start: async (_ctx, { id }) => {
      seen.push(`handler ${id}`);
      return nexus.HandlerStartOperationResult.async("token");
    },
    cancel: async (_ctx, token) => cancelled.resolve(token),
  };
  const greet: nexus.SyncOperationHandler<string, string> = async (_ctx, name) => `hello ${name}`;
  const recording =
    (name: string): NexusInterceptorsFactory =>
    (ctx) => {
      const made = `${name} for ${ctx.operation}`;
      return {
        inbound: {
          startOperation: async (input, next) => {
            seen.push(`${made} start in ${operationInfo().namespace}`);
            return next({
              ...input,
              input:
                typeof input.input === "string"
                  ? `${input.input}${name}`
                  : { id: `${(input.input as Order).id}${name}` },
            });
          },
          cancelOperation: (input, next) => {
            seen.push(`${made} cancel`);
            return next({ ...input, token: `${input.token}${name}` });
          },
        },
      };
    };
  const answering: NexusInterceptorsFactory = () => ({
    inbound: {
      startOperation: async (input, next) => {
        const { result } = await next(input);
        return { result: result.isAsync ? result : nexus.HandlerStartOperationResult.sync(`${result.value}!`) };
      },
    },
  });
  await serving<typeof shop, void>(
    nexus.serviceHandler(shop, { greet, order }),
    async ({ service }) => {
      expect(await service.executeOperation("greet", "-", operation())).toBe("hello -12!");
      const started = await service.startOperation("order", { id: "-" }, operation());
      await started.cancel();
      expect(await cancelled.promise).toBe("token12");
      await started.terminate();
    },
    { interceptors: { nexus: [recording("1"), recording("2"), answering] } },
  );
  const [greeting, placing] = ["greet", "place-order"].map((name) => [
    `1 for ${name} start in ${namespace}`,
    `2 for ${name} start in ${namespace}`,
  ]);
  expect(seen).toEqual([
    ...greeting!,
    ...placing!,
    "handler -12",
    "1 for place-order cancel",
    "2 for place-order cancel",
  ]);
});

test("inbound: what an interceptor throws is what the caller hears; factories too", async () => {
  const refusing: NexusInterceptorsFactory = ({ headers }) => {
    if (headers["factory"]) throw new nexus.HandlerError("UNAUTHENTICATED", "from the factory");
    return {
      inbound: {
        startOperation: async () => {
          throw new nexus.HandlerError("UNAUTHORIZED", "from the interceptor");
        },
      },
    };
  };
  await serving<typeof shop, void>(
    nexus.serviceHandler(shop, { greet: async () => "", order: async () => "" }),
    async ({ service }) => {
      const call = (headers: Record<string, string>) =>
        service.executeOperation("greet", "", operation({ headers })).catch((error) => error.cause);
      expect(await call({})).toMatchObject({ type: "UNAUTHORIZED", message: "from the interceptor" });
      expect(await call({ factory: "yes" })).toMatchObject({ type: "UNAUTHENTICATED", message: "from the factory" });
    },
    { interceptors: { nexus: [refusing] } },
  );
});

test("outbound: tags of metrics, through all interceptors, from the operation's own", async () => {
  const tags: object[] = [];
  const tagging =
    (name: string): NexusInterceptorsFactory =>
    () => ({
      outbound: {
        getMetricTags: (input, next) => {
          const all = next({ ...input, [name]: "yes" });
          tags.push(all);
          return all;
        },
      },
    });
  const greet: nexus.SyncOperationHandler<string, string> = async () => {
    metricMeter.withTags({ own: "tag" }).createCounter("greetings").add(1);
    metricMeter.createHistogram("lengths").record(1);
    metricMeter.createGauge("level").set(1);
    return "counted";
  };
  let base: object | undefined;
  await serving<typeof shop, void>(
    nexus.serviceHandler(shop, { greet, order: async () => "" }),
    async ({ service, taskQueue }) => {
      expect(await service.executeOperation("greet", "", operation())).toBe("counted");
      base = { namespace, taskQueue, service: "shop", operation: "greet" };
    },
    { interceptors: { nexus: [tagging("outer"), tagging("inner")] } },
  );
  // Asked for at every value: each of three goes through both, the inner one first.
  expect(tags).toEqual([1, 2, 3].flatMap(() => [0, 1].map(() => ({ ...base, outer: "yes", inner: "yes" }))));
});

test("log records carry the operation's attributes, and what interceptors add", async () => {
  const taskQueue = unique("nexus");
  const endpoint = unique("endpoint");
  await connection.operatorService.createNexusEndpoint({
    spec: { name: endpoint, target: { worker: { namespace, taskQueue } } },
  });
  const program = `${import.meta.dir}/fixtures/logging-process.ts`;
  const { output } = await run([process.execPath, program, address, namespace, endpoint, taskQueue]);
  const lines = output.trim().split("\n");
  const attributes = { namespace, taskQueue, service: "shop", operation: "greet", tenant: "t1" };
  const worker = { ...attributes, sdkComponent: "worker", method: "startOperation" };
  const handler = { ...attributes, sdkComponent: "nexus" };
  const duration = { durationMs: "number" };
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: "DEBUG", message: "Nexus handler started", meta: worker },
    { level: "INFO", message: "greeting", meta: { ...handler, name: "Ann" } },
    { level: "DEBUG", message: "Nexus handler invocation completed", meta: { ...worker, ...duration } },
    { level: "DEBUG", message: "Nexus handler started", meta: worker },
    { level: "INFO", message: "greeting", meta: { ...handler, name: "nobody" } },
    { level: "WARN", message: "Nexus handler invocation failed", meta: { ...worker, ...duration, error: "no name" } },
  ]);
});
