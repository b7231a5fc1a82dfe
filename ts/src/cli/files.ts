/** Files that commands write into projects. */

import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure";

/**
 * Writes files into a folder, which is made if it isn't there. None is overwritten.
 *
 * @throws Failure that names what is in the way; nothing is written then
 */
export function writeNewFiles(folder: string, files: ReadonlyMap<string, string>): void {
  if (existsSync(folder) && !statSync(folder).isDirectory())
    throw new Failure(`${folder} is a file: name another folder`);
  const inTheWay = [...files.keys()].filter((name) => existsSync(join(folder, name)));
  if (inTheWay.length > 0) {
    throw new Failure(
      `Nothing was written, because ${folder} has already: ${inTheWay.join(", ")}\nName another folder, or move them away.`,
    );
  }
  try {
    mkdirSync(folder, { recursive: true });
    // The flag, because one may have come meanwhile.
    for (const [name, text] of files) writeFileSync(join(folder, name), text, { flag: "wx" });
  } catch (error) {
    throw new Failure(
      `${folder} can't be written to: ${(error as Error).message}\nName another folder, or allow yourself to write there.`,
    );
  }
}
