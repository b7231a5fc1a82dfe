/** Hubs: what they keep, and who has a place in them. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import * as flow from "../../../src/integrations/flow";
import { eventually } from "../../support/eventually";
import { anything, type Fixture, withApp } from "../support";

setDefaultTimeout(180_000);

const named = (what: string) => `${what}.${randomUUID().slice(0, 8)}`;

async function waits({ app }: Fixture, id: string, step: string): Promise<void> {
  await eventually(
    () => app.inspect(id),
    ({ progress }) =>
      progress.running.some((one) => one.step === step && one.waiting?.startsWith("waits for") === true),
  );
}

async function handled({ app, client }: Fixture, event: flow.FlowEvent<number>, payload: number): Promise<void> {
  const { id } = await app.publish(event, payload);
  await client.workflow.getHandle(`flow-event/${event.name}/${id}`).result();
}

test("an event is kept for as long as it was published with, whatever the hub began with", async () => {
  const name = named("kept");
  const [kept, longer] = ["1 hour", "2 hours"].map((retain) =>
    flow.event(name, { payload: anything<number>(), retain }),
  );
  const lost = flow.event(name, { payload: anything<number>() });
  const twice = flow.define({ id: "twice", payload: anything<string>() }, (f) =>
    f
      .waitForEvent("first", lost, { timeout: "3s" })
      .waitForEvent("second", lost, { timeout: "3s" })
      .transform("end", ({ steps }) => [steps.first.output, steps.second.output]),
  );
  await withApp([twice], async (fixture) => {
    await handled(fixture, kept!, 1);
    await handled(fixture, lost, 2);
    expect(await fixture.run(twice, "")).toEqual([1, null]);
    await handled(fixture, longer!, 3);
    expect(await fixture.run(twice, "")).toEqual([1, 3]);
  });
  // A hub that a wait began, without any.
  const other = named("other");
  const [plain, retained] = [{}, { retain: "1 hour" }].map((more) =>
    flow.event(other, { payload: anything<number>(), ...more }),
  );
  const one = flow.define({ id: "one", payload: anything<string>() }, (f) =>
    f.waitForEvent("first", plain!, { timeout: "1 hour" }),
  );
  await withApp([one], async (fixture) => {
    const run = await fixture.start(one, "");
    await waits(fixture, run.id, "first");
    await handled(fixture, retained!, 5);
    expect(await run.result()).toBe(5);
    expect(await fixture.run(one, "")).toBe(5);
  });
});

/** A hub with a place taken for each of these runs. */
const taken = ({ client, taskQueue }: Fixture, event: string, workflowIds: readonly string[]) =>
  client.workflow.start("flow.hub", {
    workflowId: `flow-hub/${event}`,
    taskQueue,
    args: [
      { event },
      { waiters: workflowIds.map((workflowId, n) => ({ workflowId, wait: `${n}` })), kept: [], inbox: [] },
    ],
  });

test("a full hub has a place for a run when others have ended without giving theirs back, and else refuses it", async () => {
  const [left, full] = [named("left"), named("full")].map((name) => flow.event(name, { payload: anything<number>() }));
  const waiting = (id: string, event: typeof left) =>
    flow.define({ id, payload: anything<string>() }, (f) => f.waitForEvent("wait", event!));
  const [one, refused] = [waiting("one", left), waiting("refused", full)];
  const parked = flow.define({ id: "parked", payload: anything<string>() }, (f) => f.sleep("1 day"));
  await withApp([one, refused, parked], async (fixture) => {
    const { app, client, start } = fixture;
    const gone = await start(parked, "");
    await client.workflow.getHandle(gone.id).terminate();
    const places = Array.from({ length: 2_000 }, (_, n) => (n % 2 === 0 ? gone.id : `nobody/${n}`));
    await taken(fixture, left!.name, places);
    const run = await start(one, "");
    await waits(fixture, run.id, "wait");
    await app.publish(left!, 7);
    expect(await run.result()).toBe(7);
    const holder = await start(parked, "");
    await taken(
      fixture,
      full!.name,
      Array.from({ length: 2_000 }, () => holder.id),
    );
    await expect((await start(refused, "")).result()).rejects.toMatchObject({
      cause: { type: "TooManyWaiters", message: expect.stringContaining("2000 waits for the event") },
    });
    await app.cancelRun(holder.id);
    await client.workflow.getHandle(`flow-hub/${full!.name}`).terminate();
  });
});
