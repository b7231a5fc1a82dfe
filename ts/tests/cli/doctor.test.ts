/** `temporal-bun doctor`: what it says of a project and a server, as a process of its own. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageVersion } from "../../src/libs/manifest";
import { DescribeTaskQueueResponse } from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { authority } from "../support/certificates";
import { grpcServer } from "../support/grpc-server";
import { run } from "../support/process";
import { startServer } from "../support/server";

const root = join(import.meta.dir, "../..");
const program = join(root, "src/cli/temporal-bun.ts");
const folder = mkdtempSync(join(tmpdir(), "temporal-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Nobody listens there. */
const nowhere = "127.0.0.1:1";

/** A project that has installed this package. */
function project(files: Record<string, string> = {}): string {
  const path = mkdtempSync(join(folder, "project-"));
  mkdirSync(join(path, "node_modules"));
  symlinkSync(root, join(path, "node_modules/temporal-bun-sdk"));
  for (const [name, text] of Object.entries({ "package.json": "{}", ...files })) writeFileSync(join(path, name), text);
  return path;
}

async function doctor(words: string[], { cwd = project(), code = 0, env = {} } = {}): Promise<string> {
  const { output, errors } = await run([process.execPath, program, "doctor", ...words], {
    ...{ cwd, code },
    env: { PATH: process.env["PATH"], HOME: folder, NO_PROXY: "*", ...env },
  });
  expect(errors).toBe("");
  return output;
}

const linesOf = (output: string, subject: string) =>
  output.split("\n").filter((line) => line.includes(`  ${subject}: `));

test("a server that is there: version, namespace, clock, search attributes; a line each", async () => {
  const server = await startServer({ searchAttributes: { CustomerId: "Keyword" } });
  try {
    const output = await doctor([], { env: { TEMPORAL_ADDRESS: server.address } });
    expect(
      output
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/:.*/, "")),
    ).toEqual([
      "ok       platform",
      "ok       Bun",
      "ok       package",
      "ok       bridge",
      "ok       drop-in",
      "ok       TLS",
      "ok       server",
      "ok       namespace",
      "ok       clock",
      "ok       search attributes",
    ]);
    expect(output).toContain(`package: temporal-bun-sdk ${packageVersion}\n`);
    expect(output).toMatch(new RegExp(`server: ${server.address}, version \\d+\\.\\d+\\.\\d+\n`));
    expect(output).toContain("search attributes: CustomerId (KEYWORD)\n");

    const unknown = JSON.parse(await doctor(["--address", server.address, "-n", "nope", "--json"], { code: 1 }));
    expect(unknown.problems).toBe(1);
    expect(unknown.findings.at(-1)).toEqual({
      verdict: "problem",
      subject: "namespace",
      finding: expect.stringContaining("nope"),
      fix: expect.stringContaining("temporal operator namespace create nope"),
    });
    const tls = await doctor(["--address", server.address, "--tls"], { code: 1 });
    expect(linesOf(tls, "server")[0]).toMatch(/^problem .*set tls to false/);
  } finally {
    await server.stop();
  }
});

test("no server is a note with what to do, and a broken configuration a problem", async () => {
  const output = await doctor(["--address", nowhere]);
  expect(output).toMatch(/^note {5}server: none at 127\.0\.0\.1:1: [^\n]*\n {9}Start one with `temporal-bun dev`/m);
  const file = join(folder, "broken.toml");
  writeFileSync(file, "[profile.default\n");
  const broken = await doctor([], { code: 1, env: { TEMPORAL_CONFIG_FILE: file } });
  expect(linesOf(broken, "server")[0]).toMatch(/^problem .*broken\.toml/);
});

test.each([-3_600_000, 3_600_000])("a server whose clock is %d ms off", async (offMs) => {
  await using server = await grpcServer(({ rpc }) => {
    // The poll stays open until it is aborted.
    if (rpc === "PollWorkflowTaskQueue") return new Promise(() => {});
    if (rpc !== "DescribeTaskQueue") return;
    const seconds = Math.floor((Date.now() + offMs) / 1_000);
    return DescribeTaskQueueResponse.encode({ pollers: [{ lastAccessTime: { seconds, nanos: 0 } }] } as never).finish();
  });
  const output = await doctor(["--address", server.address], { code: 1 });
  const direction = offMs < 0 ? "ahead of" : "behind";
  expect(linesOf(output, "clock")).toEqual([
    expect.stringMatching(new RegExp(`^problem {2}clock: (1 hour|59 minutes).* ${direction} the server's$`)),
  ]);
});

test("a client's certificate that has expired, and TLS that is off on the way to somewhere else", async () => {
  // It is valid for an hour, so it expires soon.
  const { crt, key } = authority().issue("client");
  const [crtFile, keyFile] = [join(folder, "client.crt"), join(folder, "client.key")];
  writeFileSync(crtFile, crt);
  writeFileSync(keyFile, key);
  const output = await doctor(["--address", nowhere, "--tls-cert-path", crtFile, "--tls-key-path", keyFile]);
  expect(output).toContain("ok       TLS: on, with a client's certificate\n");
  expect(output).toMatch(/^note {5}certificate of the client: expires on [^\n]*\n {9}Have a new one made in time/m);
  const open = await doctor(["--address", "unreachable.invalid:7233"]);
  expect(linesOf(open, "TLS")[0]).toMatch(/^note .*off: what goes to unreachable\.invalid:7233 can be read on the way/);
});

const line = 'preload = ["temporal-bun-sdk/drop-in"]';
const official = JSON.stringify({ dependencies: { "@temporalio/client": "1.24.0" } });
test.each<[title: string, files: Record<string, string>, code: number, expected: RegExp[]]>([
  ["whole", { "bunfig.toml": `${line}\n[test]\n${line}\n` }, 0, [/^ok .*for programs and for tests/]],
  ["without tests", { "bunfig.toml": `${line}\n` }, 1, [/^problem .*not under \[test\]/]],
  ["for tests only", { "bunfig.toml": `[test]\n${line}\n` }, 1, [/^problem .*not above all sections/]],
  ["missing beside an official package", { "package.json": official }, 0, [/^note .*@temporalio\/client/]],
])("the drop-in, %s", async (_title, files, code, expected) => {
  const output = await doctor(["--address", nowhere], { cwd: project(files), code });
  expect(linesOf(output, "drop-in")).toEqual(expected.map((each) => expect.stringMatching(each)));
});

test("a preload that stands under another section", async () => {
  const cwd = project({ "bunfig.toml": `[install]\nexact = true\n${line}\n` });
  const output = await doctor(["--address", nowhere], { cwd, code: 1 });
  expect(linesOf(output, "bunfig.toml")).toEqual([
    expect.stringMatching(/^problem .*the preload under \[install\] is never loaded/),
  ]);
});

test("a bridge that can't be found", async () => {
  const output = await doctor([], { code: 1, env: { TEMPORAL_BUN_LIBRARY: "/nowhere/bridge.so" } });
  expect(linesOf(output, "bridge")[0]).toMatch(/^problem .*\/nowhere\/bridge\.so, which does not exist/);
  expect(linesOf(output, "server")).toEqual([]);
});
