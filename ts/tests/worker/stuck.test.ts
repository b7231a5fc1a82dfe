import { expect, setDefaultTimeout, test } from "bun:test";
import { testConnection } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

test("a Workflow that can't be interrupted fails its Worker by name, and the process can end", async () => {
  const { connection, namespace } = await testConnection();
  const child = Bun.spawn(
    [
      process.execPath,
      `${import.meta.dir}/fixtures/stuck-process.ts`,
      connection.options.address,
      namespace,
      "assembly",
    ],
    { stderr: "pipe" },
  );
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const [logged = "", failure = "", state] = output.trim().split("\n");
  expect(errors).toBe("");
  expect(logged).toMatch(/^A Workflow doesn't yield and can't be interrupted: assembly with ID 'stuck' and run /);
  expect(failure).toMatch(/^UnexpectedError: A workflow thread doesn't come back: Workflow assembly with ID 'stuck' /);
  expect(state).toBe("FAILED");
  expect(await child.exited).toBe(0);
});
