import { expect, test } from "bun:test";
import { expectRecorded } from "./recorded/compare";

test("random programs give the same commands in the same order as with the official SDK", async () => {
  expect(await expectRecorded(`${import.meta.dir}/recorded/official.json.gz`)).toBe(200);
}, 180_000);
