import { beforeAll, describe, expect, test } from "bun:test";
import { TestThread } from "./support";

describe.each([true, false])("with a realm for all: %p", (reuseRealm) => {
  let thread: TestThread;
  beforeAll(async () => {
    thread = await TestThread.open("refusals.ts", { reuseRealm });
  });

  test.each(["throwing", "hidden", "shared", "looping"])("%s is refused", async (workflowType) => {
    const run = thread.run(workflowType);
    if (workflowType === "looping") run.deadlockTimeoutMs = 50;
    const { failure, refused } = await run.start();
    expect(failure).toBeDefined();
    expect(refused).toBe(true);
    expect((await run.evict()).refused).toBe(false);
  });

  test.each(["mistaken", "failing", "caught"])("%s is not", async (workflowType) => {
    expect((await thread.run(workflowType).start()).refused).toBe(false);
  });
});
