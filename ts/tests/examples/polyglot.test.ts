import { expect, test } from "bun:test";
import { join } from "node:path";
import "../support/built";
import { run } from "../support/process";

const root = join(import.meta.dir, "../../..");

test("Workflows in TypeScript and in Python call each other: values, retries and failures arrive whole", async () => {
  // Quick when it is there. The check for cargo, which it doesn't need, is left out.
  await run([join(root, "scripts/toolchain.sh"), "polyglot"], { env: { ...process.env, USE_PREBUILT_LIBS: "true" } });
  const { output, errors } = await run([process.execPath, join(root, "ts/examples/polyglot/demo.ts")]);
  expect(errors).toBe("");
  const [, inPython = "", inTypeScript = ""] = output.trim().split("A Workflow in ");
  const lines = (part: string) => part.trim().split("\n").slice(1);
  const value = (name: string, there: string) => `  ${name.padEnd(8)} activity ok   child ok   there it was ${there}`;
  expect(lines(inPython).slice(0, 6)).toEqual([
    value("object", "dict {'name': 'Ada', 'tags': ['a', 'b'], 'nested': {'ok': True, 'none': None}}"),
    value("bytes", String.raw`bytes b'\x00\x01\xfe\xff'`),
    value("null", "NoneType None"),
    value("unicode", "str 'žluťoučký kůň 馬 🐎'"),
    value("integer", "int 9007199254740991"),
    value("float", "float 1.5e+300"),
  ]);
  // Python writes keys in the order of their names.
  expect(lines(inTypeScript).slice(0, 6)).toEqual([
    value("bytes", "Uint8Array(4) [ 0, 1, 254, 255 ]"),
    value("float", "1.5e+300"),
    value("integer", "9007199254740991"),
    value("null", "undefined"),
    value("object", '{ name: "Ada", nested: { none: null, ok: true }, tags: [ "a", "b" ] }'),
    value("unicode", '"žluťoučký kůň 馬 🐎"'),
  ]);
  for (const [part, cause] of [
    [inPython, "ValueError: 0 of 1"],
    [inTypeScript, "RangeError: 0 of 1"],
  ] as const) {
    const failure = {
      type: "OutOfStock",
      message: "there is no parcel",
      nonRetryable: true,
      details: [{ left: 0 }, "více 馬"],
      cause,
    };
    const failures = lines(part)
      .slice(6)
      .map((line) => /^ {2}failure of the (\w+): ok {2}(.*)$/.exec(line)?.slice(1) ?? [line]);
    expect(failures.map(([kind, json = "null"]) => [kind, JSON.parse(json)])).toEqual([
      ["activity", failure],
      ["child", failure],
    ]);
  }
});
