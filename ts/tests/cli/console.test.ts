import { expect, test } from "bun:test";
import { testServer } from "../support/server";
import { Folder } from "./support";

test("console says how it is added where it isn't", async () => {
  using folder = new Folder();
  const { errors } = await folder.cli(["console"], { code: 1 });
  expect(errors).toBe("The console is not installed here: add it with `bun add --dev temporal-bun-console`.\n");
});

test("console runs the package of the project, with what the command line and the environment say", async () => {
  const { address } = await testServer();
  using folder = new Folder();
  folder.write(
    "node_modules/temporal-bun-console/package.json",
    '{ "name": "temporal-bun-console", "main": "index.ts" }',
  );
  folder.write(
    "node_modules/temporal-bun-console/index.ts",
    `export async function runConsole(connection, namespace, flags, words) {
      if (words[0] === "fail") throw new Error("It can't.");
      console.log(JSON.stringify({ connection, namespace, port: flags.port, auth: flags.auth, words }));
    }`,
  );
  const words = ["console", "audit", "verify", "--address", address, "-n", "orders", "--port", "0", "--auth", "token"];
  const { output } = await folder.cli(words);
  expect(JSON.parse(output)).toEqual({
    connection: { address },
    namespace: "orders",
    port: "0",
    auth: "token",
    words: ["audit", "verify"],
  });
  expect((await folder.cli(["console", "fail"], { code: 1 })).errors).toBe("It can't.\n");
});
