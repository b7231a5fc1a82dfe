import type { SourceMap } from "./source-map";

/** Replaces places in the bundle by places in source files, in the stacks of errors. */
export class StackMapper {
  readonly #pattern: RegExp;

  /**
   * @param filename name of the bundle in stacks
   * @param sourceMap source map of the bundle; without one nothing is replaced
   */
  constructor(
    private readonly filename: string,
    private readonly sourceMap: SourceMap | undefined,
  ) {
    // Text that the bundle evaluates has its name too, behind "file://".
    this.#pattern = new RegExp(`(?<=[\\s(@])${filename.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}:(\\d+):(\\d+)`, "g");
  }

  /** Maps all places in a text. */
  text(stack: string): string {
    const { sourceMap } = this;
    if (sourceMap === undefined || !stack.includes(this.filename)) return stack;
    return stack.replace(this.#pattern, (place, line: string, column: string) => {
      // What stands before the code when it is compiled takes a line.
      const found = sourceMap.find(Number(line) - 1, Number(column));
      return found === undefined ? place : `${found.source}:${found.line}:${found.column}`;
    });
  }

  /** Text of a source file, if the source map has it. */
  sourceText(file: string): string | undefined {
    return this.sourceMap?.content(file);
  }
}
