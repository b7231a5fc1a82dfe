import { expect, setDefaultTimeout, test } from "bun:test";
import { defineSearchAttributeKey, TypedSearchAttributes } from "../../src/common";
import type { PatchActivationInput } from "../../src/worker";
import { eventually } from "../support/eventually";
import { taskFailure, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/patch-workflows.ts`;

/** IDs of the patches that a history has markers of. */
async function markers(handle: { fetchHistory(): Promise<{ events?: any[] }> }): Promise<string[]> {
  const { events = [] } = await handle.fetchHistory();
  return events
    .map(
      ({ markerRecordedEventAttributes: marker }) =>
        marker?.details?.["patch-data"]?.payloads?.[0]?.data as Uint8Array | undefined,
    )
    .filter((data) => data !== undefined)
    .map((data) => (JSON.parse(new TextDecoder().decode(data)) as { id: string }).id);
}

test("the callback decides, once per run; a patch that isn't active leaves no marker", async () => {
  const asked: string[] = [];
  await withWorker(
    async ({ start }) => {
      for (const active of [true, false]) {
        const handle = await start("askTwice", [String(active)]);
        await handle.signal("goOn");
        expect(await handle.result()).toEqual([active, active, active]);
        expect(await markers(handle)).toEqual(active ? ["true"] : []);
      }
    },
    {
      workflowsPath,
      patchActivationCallback: ({ patchId }) => {
        asked.push(patchId);
        return patchId === "true";
      },
    },
  );
  expect(asked).toEqual(["true", "false"]);
});

test("it runs on the main thread and sees the Workflow, with real time", async () => {
  const inputs: (PatchActivationInput & { main: boolean; now: number; random: number })[] = [];
  const key = defineSearchAttributeKey("CustomKeywordField", "KEYWORD");
  await withWorker(
    async ({ start, taskQueue }) => {
      const before = Date.now();
      const handle = await start("askOnce", ["a patch"], { memo: { note: 1 } });
      await handle.result();
      const { workflowInfo, patchId, main, now, random } = inputs[0]!;
      expect({ patchId, main }).toEqual({ patchId: "a patch", main: true });
      expect(workflowInfo).toMatchObject({
        workflowId: handle.workflowId,
        workflowType: "askOnce",
        taskQueue,
        memo: { note: 1 },
        attempt: 1,
      });
      expect(workflowInfo.startTime).toBeInstanceOf(Date);
      expect(workflowInfo.typedSearchAttributes).toBeInstanceOf(TypedSearchAttributes);
      expect(workflowInfo.typedSearchAttributes.get(key)).toBeUndefined();
      expect(JSON.stringify(workflowInfo.unsafe)).toBe('{"isReplaying":false,"isReplayingHistoryEvents":false}');
      expect(now).toBeGreaterThanOrEqual(before);
      expect(random).toBeNumber();
    },
    {
      workflowsPath,
      patchActivationCallback: (input) => {
        expect(Object.isFrozen(input) && Object.isFrozen(input.workflowInfo)).toBe(true);
        const { unsafe } = input.workflowInfo;
        inputs.push({ ...input, main: Bun.isMainThread, now: unsafe.now(), random: unsafe.random.random() });
        return true;
      },
    },
  );
  expect(inputs).toHaveLength(1);
});

test("it isn't asked about deprecated patches, nor about what the history tells", async () => {
  const asked: string[] = [];
  const patchActivationCallback = ({ patchId }: PatchActivationInput) => {
    asked.push(patchId);
    return patchId !== "off";
  };
  await withWorker(
    async ({ execute, start }) => {
      expect(await execute("deprecated", "old")).toBe(true);
      // Without a cache the second task replays the first, and its marker.
      const handle = await start("askTwice", ["on"]);
      await eventually(
        () => markers(handle),
        ({ length }) => length > 0,
      );
      await handle.signal("goOn");
      expect(await handle.result()).toEqual([true, true, true]);
    },
    { workflowsPath, patchActivationCallback, maxCachedWorkflows: 0 },
  );
  expect(asked).toEqual(["on"]);
});

test("what it throws, and an answer that is no boolean, fail the Workflow Task, which is tried again", async () => {
  const asked: string[] = [];
  const patchActivationCallback = ({ patchId }: PatchActivationInput) => {
    asked.push(patchId);
    if (asked.filter((id) => id === patchId).length > 1) return true;
    if (patchId === "throws") throw new RangeError("undecided");
    return "yes" as never;
  };
  const noBoolean = "TypeError: patchActivationCallback must return true or false, got string about patch 'says yes'";
  await withWorker(
    async ({ start }) => {
      // Each fails once: Core reports a task that fails again only by letting its time run out.
      for (const [patchId, message] of [
        ["throws", "RangeError: undecided"],
        ["says yes", noBoolean],
      ] as const) {
        const handle = await start("askOnce", [patchId]);
        expect((await taskFailure(handle)).message).toBe(message);
        expect(await handle.result()).toBe(true);
      }
    },
    { workflowsPath, patchActivationCallback },
  );
  expect(asked).toEqual(["throws", "throws", "says yes", "says yes"]);
});
