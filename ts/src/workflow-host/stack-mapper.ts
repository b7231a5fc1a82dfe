import { SourceMap } from "./source-map";

/** Replaces places in compiled code by places in source files, in the stacks of errors. */
export class StackMapper {
  readonly #pattern: RegExp;
  #map: SourceMap | null | undefined;

  /**
   * @param filename name of the code in stacks
   * @param sourceMap source map of the code, as JSON text, read when it is first needed; without one that can be read
   * nothing is replaced. The code begins a line after the first of what is compiled.
   */
  constructor(
    private readonly filename: string,
    private readonly sourceMap: string | undefined,
  ) {
    // Text that the code evaluates has its name too, behind "file://".
    this.#pattern = new RegExp(`(?<=[\\s(@])${filename.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}:(\\d+):(\\d+)`, "g");
  }

  /** Maps all places in a text. */
  text(stack: string): string {
    if (!stack.includes(this.filename)) return stack;
    const map = this.#read();
    if (map === null) return stack;
    return stack.replace(this.#pattern, (place, line: string, column: string) => {
      const found = map.find(Number(line) - 1, Number(column));
      return found === undefined ? place : `${found.source}:${found.line}:${found.column}`;
    });
  }

  /** Text of a source file, if the source map has it. */
  sourceText(file: string): string | undefined {
    return this.#read()?.content(file);
  }

  #read(): SourceMap | null {
    if (this.#map !== undefined) return this.#map;
    try {
      return (this.#map = this.sourceMap === undefined ? null : new SourceMap(this.sourceMap));
    } catch {
      return (this.#map = null);
    }
  }
}
