import { expect, test } from "bun:test";
import "../support/built";
import { run } from "../support/process";

test("the demo of flows kills its worker three times, undoes an order, has people agree, prints a history, and ends by itself", async () => {
  const { output } = await run([process.execPath, `${import.meta.dir}/../../examples/flows/demo.ts`]);
  expect(output.match(/kill -9 \d+/g)).toHaveLength(3);
  // The step that was killed is tried again, and those before aren't.
  for (const step of ["charge", "send", "ask"]) expect(output).toMatch(new RegExp(`: ${step}, attempt [2-9]`));
  expect(output).toContain('result: {\n  delivery: "delivered",\n  closed: "closed the order",\n}');
  expect(output.indexOf("sent the courier home")).toBeLessThan(output.indexOf("gave back 4990"));
  expect(output).toContain("sent the courier home");
  expect(output).toContain("ended: FAILED");
  // The third order comes by a webhook, twice, and once with another signature.
  const answered =
    'answered: 200 {"id":"order/signed","status":"COMPLETED","output":{"delivery":"delivered","closed":"closed the order"}}';
  expect(output.split("\n").filter((line) => line.startsWith("answered: 200"))).toEqual([answered, answered]);
  expect(output).toContain("answered: 401");
  expect(output.match(/: {3}charged 1250/g)).toHaveLength(1);
  // Two large orders, one of them by a schedule, wait for a person and for an event that has come before.
  expect(output).toMatch(/answered: 202 \{"id":"bulk\/large"/);
  expect(output).toContain("deployed: ");
  expect(output.match(/Ada agrees: 200/g)).toHaveLength(2);
  expect(output).toContain('result: agreed by Ada, sent the receipt "large: 2500.00"');
  expect(output).toContain('result: agreed by Ada, sent the receipt "standing: 990.00"');
  const events = output.split("\n").filter((line) => /^ +\d+\.\d{3} s +\d+ {2}/.test(line));
  expect(events[0]).toContain('workflow execution started           order({"id":"wanted"');
  expect(
    events.filter((line) => line.includes("activity task scheduled") && line.includes("order.charge")),
  ).toHaveLength(1);
  expect(events.at(-1)).toContain("workflow execution completed         → {");
}, 180_000);
