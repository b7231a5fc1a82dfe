/** Programs that tests run. One that fails, or does not end, rejects with all that it wrote. */

/** How a program is run. */
export interface ProgramOptions {
  cwd?: string;
  /** All of its environment. Default: this process's. */
  env?: Record<string, string | undefined>;
  /** Puts it and what it starts into a process group of their own. */
  detached?: boolean;
  /** Milliseconds after which it is killed and has failed. Default: less than most tests have. */
  timeout?: number;
}

/** What a program wrote to standard output and to standard error. */
export interface Written {
  output: string;
  errors: string;
}

/** A program while it runs. `await using` kills it. */
export class Program implements AsyncDisposable, Written {
  output = "";
  errors = "";
  /** Resolves when it has ended, however it did, and has written everything. */
  readonly ended: Promise<void>;
  readonly #command: readonly string[];
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #isLate = false;
  /** Of those who wait for more output. */
  #more = Promise.withResolvers<void>();

  constructor(command: readonly string[], { timeout = 150_000, ...options }: ProgramOptions = {}) {
    this.#command = command;
    this.#child = Bun.spawn([...command], {
      env: process.env,
      ...options,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const read = async (stream: ReadableStream<Uint8Array>, name: keyof Written) => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        this[name] += decoder.decode(chunk, { stream: true });
        this.#more.resolve();
        this.#more = Promise.withResolvers();
      }
    };
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#isLate = true;
      this.kill("SIGKILL");
      // What it started may live on, and keep its streams open.
      late.resolve(this.#child.exited.then(() => {}));
    }, timeout);
    const streams = [read(this.#child.stdout, "output"), read(this.#child.stderr, "errors")];
    this.ended = Promise.race([Promise.all([...streams, this.#child.exited]), late.promise]).then(() =>
      clearTimeout(timer),
    );
  }

  get id(): number {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with what matches first in what it writes to either stream. Rejects when it ends without a match. */
  async says(wanted: RegExp): Promise<RegExpExecArray> {
    for (let ended = false; ; ) {
      const found = wanted.exec(this.output) ?? wanted.exec(this.errors);
      if (found !== null) return found;
      if (ended) throw this.#failure(`without saying ${wanted}`);
      ended = await Promise.race([this.#more.promise.then(() => false), this.ended.then(() => true)]);
    }
  }

  /** Resolves when it has ended with an exit code or by a signal; rejects when it ended otherwise. */
  async ends(by: number | NodeJS.Signals = 0): Promise<Written> {
    await this.ended;
    if (this.#isLate || (this.#child.signalCode ?? this.#child.exitCode) !== by)
      throw this.#failure(`instead of ${by}`);
    return { output: this.output, errors: this.errors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#child.exited;
  }

  #failure(what: string): Error {
    const end = this.#child.signalCode ?? `exit code ${this.#child.exitCode}`;
    const how = this.#isLate ? `${end}, because it took too long,` : end;
    const written = `standard output:\n${this.output}\nstandard error:\n${this.errors}`;
    return new Error(`\`${this.#command.join(" ")}\` ended with ${how} ${what}\n${written}`);
  }
}

/** Runs a program, which must end with an exit code. */
export function run(
  command: readonly string[],
  { code, ...options }: ProgramOptions & { code?: number } = {},
): Promise<Written> {
  return new Program(command, options).ends(code);
}

/**
 * Runs a program in a process of its own, with what `temporal-bun-sdk/worker` exports as `sdk`: a process has one
 * runtime. One that doesn't end is ended.
 *
 * @param program statements, which may await
 * @param data what the program sees as `data`
 * @returns the lines that it writes to standard output
 */
export async function inNewProcess(program: string, data: unknown = undefined): Promise<string[]> {
  const source = `import * as sdk from ${JSON.stringify(`${import.meta.dir}/../../src/worker`)};
    const data = ${JSON.stringify(data) ?? "undefined"};
    ${program}`;
  const { output } = await run([process.execPath, "-e", source]);
  return output.trim().split("\n");
}
