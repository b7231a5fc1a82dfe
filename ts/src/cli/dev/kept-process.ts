/** Processes that `dev` starts: none outlives it, even when it is killed, and Ctrl-C doesn't reach them by itself. */

import { printableInColours } from "../../libs/printable";
import type { Report } from "./reports";

// A shell stands between: descriptor 9 is a pipe whose other end is here. It closes when this process ends, however it
// ends, and what was started goes with it.
const keeper = `
exec 9<&0
"$@" 9<&- </dev/null &
kept=$!
{ read -r _ <&9; kill -KILL "$kept"; } >/dev/null 2>&1 &
watcher=$!
wait "$kept" 2>/dev/null
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`;

/** How much of what it wrote is kept. */
const keptCharacters = 8_000;

/** A process and what it reports. */
export class KeptProcess {
  /** Resolves with the files that its Worker is made of when that takes tasks; never, if it doesn't. */
  readonly running: Promise<string[]>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number>;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  #id: number | undefined;
  #written = "";

  /** @param environment all of its environment */
  constructor(command: readonly string[], environment: Record<string, string | undefined>) {
    const running = Promise.withResolvers<string[]>();
    this.running = running.promise;
    this.#child = Bun.spawn(["sh", "-c", keeper, "keeper", ...command], {
      env: environment,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      // A session of its own: a terminal's Ctrl-C is for this process, which ends things in order.
      detached: true,
      ipc: (report: Report) => {
        if (report.kind === "started") this.#id = report.id;
        else running.resolve(report.files);
      },
    });
    const passOn = async (from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream) => {
      const decoder = new TextDecoder();
      let unfinished = "";
      for await (const chunk of from) {
        const text = unfinished + decoder.decode(chunk, { stream: true });
        // The beginning of a colour waits for its end.
        unfinished = /\u001b(?:\[[\d;]{0,20})?$/.exec(text)?.[0] ?? "";
        const shown = printableInColours(text.slice(0, text.length - unfinished.length));
        to.write(shown);
        this.#written = (this.#written + shown).slice(-keptCharacters);
      }
      to.write(printableInColours(unfinished + decoder.decode()));
    };
    const streams = Promise.all([
      passOn(this.#child.stdout, process.stdout),
      passOn(this.#child.stderr, process.stderr),
    ]);
    // What it has written comes before what is said of its end. What it started itself may hold the streams open.
    this.ended = this.#child.exited.then(async (code) => {
      await Promise.race([streams, Bun.sleep(100)]);
      return code;
    });
  }

  /** Whether it was refused a port that is in use. */
  get metUsedPort(): boolean {
    return /EADDRINUSE|address (?:already )?in use/i.test(this.#written);
  }

  /** Asks it to end. A Worker has its grace time then. */
  stop(): void {
    if (this.#id === undefined) this.kill();
    else if (this.#child.exitCode === null) signal(this.#id);
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.stdin.end();
  }
}

function signal(id: number): void {
  try {
    process.kill(id, "SIGTERM");
  } catch (error) {
    // It has just ended.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
