/** Waits for people: links, pages, decisions, and what tries to get around them. */
import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import * as flow from "../../../src/integrations/flow";
import { eventually } from "../../support/eventually";
import { anything, type Fixture, historyText, schema, withApp } from "../support";

const unique = (name: string) => `${name}-${randomUUID().slice(0, 8)}`;
const [oldKey, newKey] = ["o".repeat(32), "n".repeat(32)];
const publicUrl = "https://flows.example.com/base";
const options: Partial<flow.AppOptions> = { signingKeys: [newKey, oldKey], publicUrl };

/** A flow that waits for a person, and the links that it told of, by run. */
function asking(more: Partial<flow.ApprovalOptions<any, any>> = {}, id = unique("asking")) {
  const links: flow.ApprovalLink[] = [];
  const of = flow.define({ id, payload: anything<unknown>(), defaults: { retry: { backoff: 1 } } }, (f) =>
    f.humanInTheLoop("ask", { notify: (_, link) => void links.push(link), ...more }),
  );
  const link = async (count = 1) =>
    (
      await eventually(
        () => links,
        ({ length }) => length >= count,
      )
    ).at(-1)!;
  return { of, links, link };
}

const page = (token: string, init: RequestInit = {}) => new Request(`http://app/flow/approvals/${token}`, init);
const form = (fields: Record<string, string>): RequestInit => ({ method: "POST", body: new URLSearchParams(fields) });
const json = (value: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

describe("a link", () => {
  test("leads to a page that decides nothing, however it is fetched; its form decides, once", async () => {
    const { of, link } = asking();
    await withApp(
      [of],
      async ({ app, start }) => {
        const run = await start(of, {});
        const { token, url } = await link();
        expect(url).toBe(`${publicUrl}/flow/approvals/${token}`);
        for (const method of ["GET", "HEAD", "GET", "OPTIONS"])
          expect((await app.fetch(page(token, { method }))).status).toBeLessThan(300);
        const shown = await app.fetch(page(token));
        expect(shown.headers.get("content-security-policy")).toContain("default-src 'none'");
        expect(await shown.text()).toContain(`<code>${run.id}</code>`);
        expect((await app.inspect(run.id)).progress.running).toEqual([{ step: "ask", waiting: "waits for a person" }]);
        const decided = await app.fetch(page(token, form({ decision: "approved", by: "Ada", input: "fine" })));
        expect([decided.status, await decided.text()]).toEqual([
          200,
          expect.stringContaining("Approved. Thank you."),
        ] as any);
        expect(await run.result()).toEqual({ decision: "approved", by: "Ada", input: "fine" });
        for (const init of [{}, form({ decision: "denied" }), json({ decision: "denied" })])
          expect((await app.fetch(page(token, init))).status).toBe(410);
      },
      options,
    );
  });

  test("of two decisions at once one counts, and the other is told", async () => {
    const { of, link } = asking();
    await withApp(
      [of],
      async ({ app, start }) => {
        const run = await start(of, {});
        const { token } = await link();
        const statuses = await Promise.all(
          ["approved", "denied", "approved", "denied"].map(
            async (decision) => [(await app.fetch(page(token, json({ decision })))).status, decision] as const,
          ),
        );
        const taken = statuses.filter(([status]) => status === 200);
        expect(taken).toHaveLength(1);
        expect(statuses.filter(([status]) => status === 410)).toHaveLength(3);
        expect(await run.result()).toMatchObject({ decision: taken[0]![1] });
      },
      options,
    );
  });

  test("that is forged, changed, of another run or signed by other keys decides nothing", async () => {
    const { of, link } = asking({}, unique("guarded"));
    await withApp(
      [of],
      async ({ app, start }) => {
        const first = await start(of, {});
        const { token } = await link();
        const [version, content = "", signature] = token.split(".");
        const decoded = JSON.parse(Buffer.from(content, "base64url").toString());
        const other = Buffer.from(JSON.stringify(decoded.with(1, `${of.id}/other`))).toString("base64url");
        const forged = [
          "x",
          "",
          "v1..",
          `v2.${content}.${signature}`,
          `${version}.${other}.${signature}`,
          `${token}x`,
          `${token}.x`,
          token.slice(0, -1),
          `v1.${content}.${"A".repeat(43)}`,
        ];
        for (const one of forged) {
          expect([one, (await app.fetch(page(one, json({ decision: "approved" })))).status]).toEqual([one, 403]);
          await expect(app.resume(one, { decision: "approved" })).rejects.toBeInstanceOf(flow.TokenRefused);
        }
        await withApp(
          [of],
          async ({ app: stranger }) => {
            await expect(stranger.resume(token, { decision: "approved" })).rejects.toThrow("This link isn't right");
          },
          { signingKeys: ["s".repeat(32)] },
        );
        await app.cancelRun(first.id);
        await first.result().catch(() => undefined);
        await expect(app.resume(token, { decision: "approved" })).rejects.toThrow("isn't waited for any more");
      },
      options,
    );
  });

  test("that an older key signed still counts", async () => {
    const { of, link } = asking();
    const taskQueue = unique("queue");
    const run = await withApp(
      [of],
      async ({ start }) => {
        const started = await start(of, {});
        await link();
        return started;
      },
      { taskQueue, signingKeys: [oldKey] },
    );
    await withApp(
      [of],
      async ({ app, client }) => {
        await app.resume((await link()).token, { decision: "denied", by: "Bo" });
        expect(await client.workflow.getHandle(run.id).result()).toEqual({ decision: "denied", by: "Bo" });
      },
      { ...options, taskQueue },
    );
  });

  test("stands in no history, whatever its receiver returns or throws", async () => {
    let attempts = 0;
    const told: string[] = [];
    const { of } = asking({
      notify: (_: unknown, { token }: flow.ApprovalLink) => {
        told.push(token);
        if (attempts++ === 0) throw new Error(`the mail to ${token} came back`);
        return token;
      },
    });
    await withApp(
      [of],
      async ({ app, start, events }) => {
        const run = await start(of, {});
        await eventually(
          () => told,
          ({ length }) => length === 2,
        );
        await app.resume(told[1]!, { decision: "approved" });
        await run.result();
        const text = historyText(await events(run.id));
        expect(text).toContain("approved");
        for (const secret of [...told, newKey, oldKey]) expect(text).not.toContain(secret);
      },
      options,
    );
  });
});

describe("a decision", () => {
  const amount = schema<{ cents: number }>((value) => {
    if (typeof value?.cents !== "number") throw new Error("cents must be a number");
    return { cents: Math.round(value.cents) };
  });

  test("brings what the schema makes of its input; a denial needs none", async () => {
    const { of, link } = asking({ input: amount });
    await withApp(
      [of],
      async ({ app, start }) => {
        const run = await start(of, {});
        const { token } = await link();
        await expect(app.resume(token, { decision: "approved" })).rejects.toBeInstanceOf(flow.DecisionInvalid);
        const wrong = await app.fetch(page(token, json({ decision: "approved", input: { cents: "1" } })));
        expect([wrong.status, await wrong.json()]).toEqual([
          400,
          { error: "The input isn't what is asked for: given: cents must be a number" },
        ]);
        expect((await app.fetch(page(token, form({ decision: "approved", input: '{"cents":1.6}' })))).status).toBe(200);
        expect(await run.result()).toEqual({ decision: "approved", input: { cents: 2 } });
        const denied = await start(of, {});
        await app.resume((await link(2)).token, { decision: "denied" });
        expect(await denied.result()).toEqual({ decision: "denied" });
      },
      options,
    );
  });

  test.each<[unknown]>([
    [{}],
    [{ decision: "maybe" }],
    [{ decision: "approved", by: 7 }],
    [{ decision: "approved", by: "x".repeat(201) }],
    [[]],
    ["approved"],
    [null],
  ])("%j is none", async (given) => {
    const { of, link } = asking();
    await withApp(
      [of],
      async ({ app, start }) => {
        const { id } = await start(of, {});
        expect((await app.fetch(page((await link()).token, json(given)))).status).toBe(400);
        expect((await app.inspect(id)).status).toBe("RUNNING");
        await app.cancelRun(id);
      },
      options,
    );
  });

  test.each<[flow.ApprovalOptions<any, any>["onTimeout"], unknown]>([
    [undefined, { decision: "denied" }],
    ["deny", { decision: "denied" }],
    ["approve", { decision: "approved" }],
    ["fail", "ApprovalTimeout"],
  ])("that nobody takes in time: %p", async (onTimeout, output) => {
    const { of, link } = asking({ timeout: 500, ...(onTimeout === undefined ? {} : { onTimeout }) });
    await withApp(
      [of],
      async ({ app, start }) => {
        const run = await start(of, {});
        const { token } = await link();
        const result = await run.result().catch((error) => error.cause.type);
        expect(result).toEqual(output as any);
        expect((await app.fetch(page(token))).status).toBe(410);
      },
      options,
    );
  });
});

test("texts of the run are texts on the page", async () => {
  const { of, link } = asking();
  await withApp(
    [of],
    async ({ app }: Fixture) => {
      const run = await app.trigger(of, {}, { key: '<img src=x onerror="x">' });
      const text = await (await app.fetch(page((await link()).token))).text();
      expect(text).not.toContain("<img");
      expect(text).toContain("&#60;img");
      await app.cancelRun(run.id);
    },
    options,
  );
});

test("an application without keys, or with short ones, isn't made", async () => {
  const { of } = asking();
  const make = (signingKeys?: string[]) =>
    withApp([of], async () => undefined, signingKeys === undefined ? {} : { signingKeys });
  await expect(make()).rejects.toThrow("there is no key to sign links with");
  await expect(make([])).rejects.toThrow("there is no key to sign links with");
  await expect(make([newKey, "short"])).rejects.toThrow("A signing key has less than 32 bytes");
  const nobody = flow.define({ id: "nobody", payload: anything() }, (f) => f.step("a", () => 1));
  await withApp([nobody], async () => undefined);
  expect(() => asking({ onTimeout: "later" as any })).toThrow(
    'onTimeout of \'ask\' must be "approve", "deny" or "fail"',
  );
});
