import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { writeNewFiles } from "./files";
import { commonFile } from "./init/templates";
import type { Output } from "./output";
import { projectFolder, workerModule } from "./worker-module";

/** Writes the Dockerfile of this project's Worker and what belongs to it, or prints it. */
export function docker(module: string | undefined, { print = false }: { print?: boolean }, output: Output): void {
  const path = workerModule(module);
  const folder = projectFolder(path);
  const dockerfile = commonFile("Dockerfile").replace('"worker.ts"', JSON.stringify(relative(folder, path)));
  if (print) return output.result(dockerfile);
  writeNewFiles(
    folder,
    new Map([
      ["Dockerfile", dockerfile],
      [".dockerignore", commonFile(".dockerignore")],
    ]),
  );
  output.result(`Dockerfile and .dockerignore are in ${folder}. Next: docker build --tag worker .\n`);
  if (!existsSync(join(folder, "bun.lock")))
    output.problem("There is no bun.lock yet, which it copies: run `bun install`.\n");
}
