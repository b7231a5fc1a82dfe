import { expect, test } from "bun:test";
import { inspect } from "node:util";
import { printable, printableFormat, printableInColours } from "../../src/libs/printable";
import { terminalReporter } from "../../src/libs/reporter";

test.each([
  ["\u001b[2J", "\\u001b[2J"],
  ["\u009b2J", "\\u009b2J"],
  ["\u001b]52;c;eA==\u0007", "\\u001b]52;c;eA==\\u0007"],
  ["a\rb\bc\u007f\u0000", "a\\u000db\\u0008c\\u007f\\u0000"],
  ["\u202ecba\u2066", "\\u202ecba\\u2066"],
])("%j is shown, and commands nothing", (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test("tabs, line ends and every other character stay", () => {
  expect(printable("a\tb\nc\r\nd é 漢字 🙂 \u200d שלום")).toBe("a\tb\nc\nd é 漢字 🙂 \u200d שלום");
});

test("JSON stays the same JSON", () => {
  const value = { "\u009b": "\u0085\u202e\u001b\n\u007f" };
  const shown = printable(JSON.stringify(value));
  expect(shown).not.toMatch(/[\u0080-\u009f\u202e]/);
  expect(JSON.parse(shown)).toEqual(value);
});

test("of another program's output the colours stay, and nothing else", () => {
  expect(printableInColours("\u001b[1;31mred\u001b[0m\u001b[2J\u001b[?25l")).toBe(
    "\u001b[1;31mred\u001b[0m\\u001b[2J\\u001b[?25l",
  );
});

test("values are coloured unless they have colours of their own", () => {
  const format = (value: unknown) => printableFormat(true, (colors) => inspect(value, { colors }));
  expect(format({ a: 1 })).toContain("\u001b[33m1");
  const error = format(new Error("\u001b[32mok"));
  expect(error).toContain("\\u001b[32mok");
  expect(error).not.toContain("\u001b");
});

test("messages of the download client are escaped", () => {
  let written = "";
  terminalReporter({ write: (text) => (written += text) }).message("v1\u001b[2J");
  expect(written).toBe("v1\\u001b[2J\n");
});
