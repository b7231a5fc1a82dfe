import { expect, setDefaultTimeout, test } from "bun:test";
import { defaultPayloadConverter } from "../../src/common";
import {
  decodePayloadWire,
  encodePayloadWire,
  type PollResult,
} from "../../src/integrations/workflow-streams/workflow";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { Worker } from "../../src/worker";
// Quiets the runtime.
import "../worker/support";
import recorded from "./recorded/official.json";

setDefaultTimeout(180_000);

const histories = recorded.histories.map((history) => History.decode(Buffer.from(history, "base64")));

test("histories of streams that the official SDK ran replay", async () => {
  const named = histories.map((history, index) => ({ workflowId: `run ${index}`, history }));
  const results = await Array.fromAsync(
    Worker.runReplayHistories({ workflowsPath: `${import.meta.dir}/recorded/program.ts` }, named),
  );
  expect(results.map(({ workflowId, error }) => [workflowId, error])).toEqual([
    ["run 0", undefined],
    ["run 1", undefined],
  ]);
});

test("entries that the official SDK encoded are read, and would be encoded the same", () => {
  const events = histories.flatMap((history) => history.events ?? []);
  const results = events.flatMap(
    ({ workflowExecutionUpdateCompletedEventAttributes: completed }) => completed?.outcome?.success?.payloads ?? [],
  );
  const polls = results
    .map((payload) => defaultPayloadConverter.fromPayload<PollResult | undefined>(payload))
    .filter((result) => result !== undefined);
  const items = polls.flatMap((poll) => poll.items);
  const seen = items.map(({ topic, data, offset }) => ({
    topic,
    data: defaultPayloadConverter.fromPayload(decodePayloadWire(data)),
    offset,
  }));
  expect(seen).toEqual(
    recorded.seen.map((item) => (Array.isArray(item.data) ? { ...item, data: new Uint8Array(item.data) } : item)),
  );
  for (const { data } of items) expect(encodePayloadWire(decodePayloadWire(data))).toBe(data);
});
