/** The images that this repository builds on and tries itself with. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const read = (path: string) => readFileSync(join(import.meta.dir, "../../..", path), "utf8");
const pinned = (tool: string) => new RegExp(`^${tool}_version=(.+)$`, "m").exec(read("scripts/toolchain.sh"))?.[1];

/** Tags of an image in a file, without what comes after the version. */
const versions = (path: string, image: string) =>
  [...read(path).matchAll(new RegExp(`${image}:([\\d.]+)`, "g"))].map(([, version]) => version);

test("have the versions that everything is tested with", () => {
  expect(versions("Dockerfile", "oven/bun")).toEqual([pinned("bun"), pinned("bun")]);
  expect(versions("deploy/compose.yml", "temporalio/temporal")).toEqual([pinned("temporal")]);
});

test("get no command for a shell where there is none", () => {
  const [, last = ""] = read("Dockerfile").split("-distroless\n");
  expect([...last.matchAll(/^(?:RUN .*|.*\bCMD +[^[].*|ENTRYPOINT +[^[].*)$/gm)].map(([line]) => line)).toEqual([]);
  // That of the Temporal CLI has its program alone. A text, and CMD-SHELL, are for /bin/sh.
  expect(read("deploy/compose.yml")).not.toMatch(/^ +healthcheck:/m);
});
