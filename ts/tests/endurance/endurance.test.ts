/** The short forms of `make soak` and `make leaks`, and that leaks are found. */
import { describe, expect, test } from "bun:test";
import { watch } from "../../endurance/leaks/leaks";
import { growth, type Sample } from "../../endurance/leaks/samples";
import { workloads } from "../../endurance/leaks/workloads";
import { soak } from "../../endurance/soak/soak";
import { testServer } from "../support/server";

test("nothing is lost, wrong or done twice while Workers and the server are killed", async () => {
  const options = { minutes: 0, workflows: 40, kills: 6, killEveryMs: 1_000, seed: 7, report: () => undefined };
  const { workflows, workerKills, serverKills, problems } = await soak(options);
  expect(problems).toEqual([]);
  expect(workflows).toBeGreaterThanOrEqual(40);
  expect(workerKills + serverKills).toBeGreaterThanOrEqual(6);
  expect(serverKills).toBeGreaterThanOrEqual(1);
}, 180_000);

// Of memory so few rounds say nothing: `make leaks` looks at that.
test.each(Object.keys(workloads))(
  "descriptors and threads stay: %s",
  async (name) => {
    const { grown } = await watch(name, await testServer(), 6, 0.05);
    expect(grown.filter((what) => !what.startsWith("memory"))).toEqual([]);
  },
  180_000,
);

describe("what grows is found", () => {
  const megabyte = 1024 * 1024;
  const samples = (memory: (round: number) => number, descriptors = (_: number) => 20): Sample[] =>
    Array.from({ length: 30 }, (_, round) => ({
      memory: memory(round) * megabyte,
      descriptors: descriptors(round),
      threads: 9,
    }));
  const noise = (round: number) => ((round * 7) % 5) - 2;

  test.each<[string, Sample[], string[]]>([
    ["nothing", samples(noise), []],
    ["what is made once", samples((round) => Math.min(round, 12) * 10 + noise(round)), []],
    ["noise alone", samples((round) => 100 + 4 * noise(round)), []],
    ["a megabyte a round", samples((round) => 100 + round + noise(round)), ["memory: 14.8 MB more in 15 rounds"]],
    ["half a megabyte a round", samples((round) => 100 + round / 2), ["memory: 7.0 MB more in 15 rounds"]],
    ["a descriptor a round", samples(noise, (round) => round), ["descriptors: 22, later at least 23"]],
    ["descriptors that come and go", samples(noise, (round) => 20 + (round % 3)), []],
  ])("%s", (_, of, found) => expect(growth(of)).toEqual(found));

  test("a workload that holds on to what it made", async () => {
    const held: Uint8Array[] = [];
    const before = workloads["calls of a client"]!;
    const leaking = {
      times: 1,
      begin: async () => ({
        round: async () => void held.push(new Uint8Array(2 * megabyte).fill(1)),
        end: async () => undefined,
      }),
    };
    workloads["calls of a client"] = leaking;
    try {
      const { grown } = await watch("calls of a client", await testServer(), 20);
      expect(grown).toEqual([expect.stringContaining("memory: ")]);
    } finally {
      workloads["calls of a client"] = before;
    }
  });
});
