/**
 * Builds everything that tests, examples and bench need: npm packages, Core's archive (unless USE_PREBUILT_LIBS is
 * true) and the bridge.
 */
import { consoleFolder, environment, packageFolder, root, run, usePrebuiltLibraries } from "./tools";

const reportEveryMs = 10_000;

/**
 * `cargo build` with progress that suits where it goes: cargo's own bar on a terminal; elsewhere, where cargo would
 * print a line per crate and then nothing for minutes, a line every ten seconds with what its bar says.
 */
async function cargoBuild(): Promise<void> {
  const command = ["cargo", "build", "--release", "--package", "temporal-bun-core"];
  if (process.stderr.isTTY) return await run(command);
  const start = Date.now();
  const cargo = Bun.spawn(command, {
    cwd: root,
    env: { ...environment, CARGO_TERM_PROGRESS_WHEN: "always", CARGO_TERM_PROGRESS_WIDTH: "100" },
    stdin: "ignore",
    stderr: "pipe",
  });
  let progress = "";
  const timer = setInterval(() => {
    console.error(`  Core: ${progress || "starting"}, ${Math.round((Date.now() - start) / 1000)} s`);
  }, reportEveryMs);
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of cargo.stderr) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/[\r\n]+/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const bar = /^\s*Building \[.*\] (\d+)\/(\d+)(?:: ([^\x1b]*))?/.exec(line);
      if (bar) progress = `${bar[1]} of ${bar[2]} steps compiled${bar[3] ? `, now ${bar[3].trim()}` : ""}`;
      else if (line.includes("Blocking waiting")) progress = "waiting for another cargo";
      else if (line.trim() !== "" && !/^\s*(Compiling|Downloading|Downloaded|Fetch|Fresh) |\x1b\[K$/.test(line))
        console.error(line);
    }
  }
  if (rest.trim() !== "") console.error(rest);
  clearInterval(timer);
  const code = await cargo.exited;
  if (code !== 0) process.exit(code);
}

for (const folder of [packageFolder, consoleFolder])
  await run(["bun", "install", "--frozen-lockfile", "--silent"], folder);
// With prebuilt libraries it is for `zig build` to say whether cargo is needed after all.
if (!usePrebuiltLibraries) await cargoBuild();
await run(["zig", "build"]);
