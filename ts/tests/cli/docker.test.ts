/** `temporal-bun docker`. What it writes is built and run where there is Docker, by hand: none is needed here. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { engines } from "../../package.json" with { type: "json" };
import { Folder } from "./support";

const template = (name: string) => readFileSync(join(import.meta.dir, "../../templates/project", name), "utf8");

test("writes the template's Dockerfile, and what keeps the rest out of the image", async () => {
  using folder = new Folder();
  folder.write("package.json", "{}");
  folder.write("worker.ts", "");
  folder.write("bun.lock", "");
  const { output, errors } = await folder.cli(["docker"]);
  expect(errors).toBe("");
  expect(output).toContain("docker build");
  expect(folder.read("Dockerfile")).toBe(template("Dockerfile"));
  expect(folder.read(".dockerignore")).toBe(template("dockerignore"));
});

test("for a Worker elsewhere in the project, into the project's folder", async () => {
  using folder = new Folder();
  folder.write("package.json", "{}");
  folder.write("src/main.ts", "");
  const { errors } = await folder.cli(["docker", "src/main.ts"]);
  expect(errors).toContain("There is no bun.lock yet");
  expect(folder.read("Dockerfile")).toContain('CMD ["bun", "src/main.ts"]');
});

test("--print writes nothing", async () => {
  using folder = new Folder();
  folder.write("src/worker.ts", "");
  const { output } = await folder.cli(["docker", "--print"]);
  expect(output).toContain('CMD ["bun", "worker.ts"]');
  expect(existsSync(folder.at("Dockerfile"))).toBe(false);
});

test("overwrites nothing, and needs a Worker", async () => {
  using folder = new Folder();
  expect((await folder.cli(["docker"], { code: 1 })).errors).toContain(
    "There is no worker.ts and no src/worker.ts in ",
  );
  expect((await folder.cli(["docker", "main.ts"], { code: 1 })).errors).toMatch(
    /^There is no file .*main\.ts: name the/,
  );
  folder.write("worker.ts", "");
  folder.write("Dockerfile", "mine");
  expect((await folder.cli(["docker"], { code: 1 })).errors).toContain("has already: Dockerfile\n");
  expect(folder.read("Dockerfile")).toBe("mine");
  expect(existsSync(folder.at(".dockerignore"))).toBe(false);
});

test("the guide shows the same Dockerfile, with the Bun that the package needs", () => {
  const guide = readFileSync(join(import.meta.dir, "../../../docs/DEPLOYING.md"), "utf8");
  expect(guide).toContain(`\`\`\`dockerfile\n${template("Dockerfile")}\`\`\``);
  expect(template("Dockerfile")).toContain(`FROM oven/bun:${engines.bun.replace(">=", "")}-slim\n`);
});
