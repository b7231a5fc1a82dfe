import { expect, test } from "bun:test";
import "../support/built";
import { run } from "../support/process";

test("the demo prints the result and the history, and ends by itself", async () => {
  const { output } = await run([process.execPath, `${import.meta.dir}/../../examples/orders/demo.ts`]);
  expect(output).toContain('payment: "payment-demo"');
  const events = output.split("\n").filter((line) => /^ +\d+\.\d{3} s +\d+ {2}/.test(line));
  expect(events[0]).toContain("workflow execution started           order({");
  expect(events.some((line) => line.includes("charge, attempt 3, after: the bank did not answer (attempt 2)"))).toBe(
    true,
  );
  expect(events.some((line) => line.includes('workflow execution signaled          ship("parcel-1867")'))).toBe(true);
  expect(events.at(-1)).toContain('workflow execution completed         → {"payment":"payment-demo"');
});
