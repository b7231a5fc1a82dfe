/** Deployments in the midst of which something else happens, or something fails. */
import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Connection, type RpcCall } from "../../../src/client";
import * as flow from "../../../src/integrations/flow";
import type { NativeConnection } from "../../../src/worker";
import { testServer } from "../../support/server";
import { anything, type Fixture, withApp } from "../support";

const counting = (id: string, cron: string) =>
  flow.define({ id, payload: anything<number>(), triggers: [flow.schedule(cron, { payload: 1, name: "at" })] }, (f) =>
    f.transform("n", () => 1),
  );

/** Deploys. Before each call of this name, `before` is awaited, with the number of calls so far. */
async function deploy(
  name: string,
  flows: flow.AnyFlow[],
  generation: number | undefined,
  method = "",
  before: (calls: number) => Promise<unknown> = async () => undefined,
): Promise<flow.DeployReport> {
  const { address, namespace } = await testServer();
  let calls = 0;
  const connection = await Connection.connect({
    address,
    interceptors: [
      async (call: RpcCall, next) => {
        if (call.method === method) await before(calls++);
        return next(call);
      },
    ],
  });
  try {
    const app = flow.app({
      flows,
      connection: connection as unknown as NativeConnection,
      namespace,
      name,
      taskQueue: name,
    });
    return await app.deploy(generation === undefined ? {} : { generation });
  } finally {
    await connection.close();
  }
}

/** Runs `body` with a name for an application, whose schedules are deleted afterwards. */
const withName = (body: (name: string, fixture: Fixture) => Promise<void>) =>
  withApp([], async (fixture) => {
    const name = `app-${randomUUID().slice(0, 8)}`;
    await body(name, fixture);
    for (const id of ["a", "b"])
      await fixture.client.schedule
        .getHandle(`flow/${name}/${id}/at`)
        .delete()
        .catch(() => undefined);
  });

const hourOf = async ({ client }: Fixture, name: string, id = "a") => {
  const { spec } = await client.schedule.getHandle(`flow/${name}/${id}/at`).describe();
  return spec.calendars?.[0]?.hour?.[0]?.start;
};

test("an older generation that read before a newer one wrote changes nothing", () =>
  withName(async (name, fixture) => {
    await deploy(name, [counting("a", "0 1 * * *")], 1);
    const newer = () => deploy(name, [counting("a", "0 3 * * *")], 3);
    const older = deploy(name, [counting("a", "0 2 * * *")], 2, "UpdateSchedule", (calls) =>
      calls === 0 ? newer() : Promise.resolve(),
    );
    await expect(older).rejects.toThrow(
      `Generation 2 is older than 3, which has been deployed (flow/${name}/a/at). Nothing was changed`,
    );
    expect(await hourOf(fixture, name)).toBe(3);
  }));

test("an older generation doesn't delete what a newer one has made its own, and says what it had done", () =>
  withName(async (name, fixture) => {
    await deploy(name, [counting("a", "0 1 * * *")], 1);
    const newer = () => deploy(name, [counting("a", "0 3 * * *")], 3);
    const error = await deploy(name, [counting("b", "0 2 * * *")], 2, "CreateSchedule", newer).catch((e) => e);
    expect(error).toBeInstanceOf(flow.DeploymentError);
    expect(error.message).toContain(`Generation 2 is older than 3, which has been deployed (flow/${name}/a/at)`);
    expect(error.message).toContain(`Before that it had created flow/${name}/b/at. The rest is as it was`);
    expect(error.report.created).toEqual([`flow/${name}/b/at`]);
    expect(await hourOf(fixture, name)).toBe(3);
  }));

test("a pause in the midst of it stays, and so does what is deployed", () =>
  withName(async (name, fixture) => {
    await deploy(name, [counting("a", "0 1 * * *")], undefined);
    const handle = fixture.client.schedule.getHandle(`flow/${name}/a/at`);
    const paused = (calls: number) => (calls === 0 ? handle.pause("audit") : Promise.resolve());
    const report = await deploy(name, [counting("a", "0 2 * * *")], undefined, "UpdateSchedule", paused);
    expect(report.updated).toEqual([`flow/${name}/a/at`]);
    expect(await hourOf(fixture, name)).toBe(2);
    const { state } = await handle.describe();
    expect([state.paused, state.note]).toEqual([true, "audit"]);
  }));

test("a deployment that fails half way says what it had done; another one does the rest", () =>
  withName(async (name, fixture) => {
    const flows = [counting("a", "0 1 * * *"), counting("b", "0 1 * * *")];
    const fail = async (calls: number) => {
      if (calls === 1) throw new Error("the line is dead");
    };
    await expect(deploy(name, flows, undefined, "CreateSchedule", fail)).rejects.toThrow(
      `the line is dead. Before that it had created flow/${name}/a/at. The rest is as it was`,
    );
    expect(await deploy(name, flows, undefined)).toMatchObject({
      created: [`flow/${name}/b/at`],
      unchanged: [`flow/${name}/a/at`],
    });
    expect(await hourOf(fixture, name, "b")).toBe(1);
  }));
