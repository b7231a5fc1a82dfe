/** Programs that run on a terminal of the test's own, as if a person sat there. */

/** A program on a terminal. `await using` kills it. */
export class TerminalProgram implements AsyncDisposable {
  /** All that it wrote, without escape sequences. */
  output = "";
  readonly ended: Promise<number>;
  readonly #terminal: Bun.Terminal;
  readonly #child: Bun.Subprocess;
  readonly #command: readonly string[];
  #more = Promise.withResolvers<void>();
  /** How much of the output earlier calls of {@link says} have read. */
  #read = 0;

  constructor(command: readonly string[], options: { cwd?: string; env?: Record<string, string | undefined> } = {}) {
    this.#command = command;
    const decoder = new TextDecoder();
    this.#terminal = new Bun.Terminal({
      cols: 200,
      rows: 50,
      data: (_, chunk) => {
        this.output += Bun.stripANSI(decoder.decode(chunk, { stream: true })).replaceAll("\r\n", "\n");
        this.#more.resolve();
        this.#more = Promise.withResolvers();
      },
    });
    this.#child = Bun.spawn([...command], { env: process.env, ...options, terminal: this.#terminal });
    this.ended = this.#child.exited;
  }

  /** Types what a person would. */
  type(text: string): void {
    this.#terminal.write(text);
  }

  /** Resolves with what matches first in what it writes after the last match. Rejects when it ends without one. */
  async says(wanted: RegExp): Promise<RegExpExecArray> {
    for (let ended = false; ; ) {
      const found = wanted.exec(this.output.slice(this.#read));
      if (found !== null) {
        this.#read += found.index + found[0].length;
        return found;
      }
      if (ended) throw this.#failure(`without saying ${wanted}`);
      ended = await Promise.race([this.#more.promise.then(() => false), this.ended.then(() => true)]);
    }
  }

  /** Resolves with all that it wrote when it has ended with an exit code; rejects when it ended otherwise. */
  async ends(code = 0): Promise<string> {
    if ((await this.ended) !== code) throw this.#failure(`instead of ${code}`);
    return this.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#terminal.close();
  }

  #failure(what: string): Error {
    const end = this.#child.signalCode ?? this.#child.exitCode;
    return new Error(`\`${this.#command.join(" ")}\` ended with ${end} ${what}; it wrote:\n${this.output}`);
  }
}
