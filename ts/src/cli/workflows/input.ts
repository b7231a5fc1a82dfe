/** Values that people give to commands. */

import { readFileSync } from "node:fs";
import { Failure } from "../failure";
import { parseJson } from "./payload-converter";

/** What {@link addInputOptions} of the declarations adds. */
export interface InputFlags {
  input?: string[];
  inputFile?: string[];
}

/** The arguments that `--input` and `--input-file` give, one each. */
export async function readInput({ input, inputFile }: InputFlags): Promise<unknown[]> {
  if (inputFile !== undefined) return Promise.all(inputFile.map(readJsonFile));
  return (input ?? []).map((text) => jsonOf(text, "--input"));
}

async function readJsonFile(path: string): Promise<unknown> {
  const name = path === "-" ? "standard input" : path;
  let text: string;
  try {
    text = path === "-" ? await Bun.stdin.text() : readFileSync(path, "utf8");
  } catch (error) {
    throw new Failure(`${name} can't be read: ${(error as Error).message}`);
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw new Failure(`${name} is no JSON: ${(error as Error).message}`);
  }
}

/** Values under names, as `--memo` and `--search-attribute` give them. */
export function readPairs(pairs: string[] | undefined, flag: string): Record<string, unknown> | undefined {
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new Failure(`${flag} is ${pair}, but must be a name, "=" and a value in JSON`, 2);
      return [pair.slice(0, at), jsonOf(pair.slice(at + 1), `${flag} ${pair.slice(0, at)}`)];
    }),
  );
}

function jsonOf(text: string, flag: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new Failure(
      `${flag} is no JSON: ${(error as Error).message}: ${text}\n` +
        `A text has quotes of its own, within those of the shell: '"text"'`,
      2,
    );
  }
}
