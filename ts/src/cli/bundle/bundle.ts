import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readableSize } from "../../worker/bundler/bundler";
import { splitSourceMap } from "../../workflow-host/source-map";
import { type BundleFlags, bundleFor } from "../bundle-options";
import { Failure } from "../failure";
import type { Output } from "../output";
import { findWorkflowsPath } from "../workflow-code";

/** Options of the command. */
export interface BundleCommandFlags extends BundleFlags {
  out: string;
  json?: boolean;
}

/** Bundles Workflow code into a file and says how large it is. */
export async function bundle(given: string | undefined, flags: BundleCommandFlags, output: Output): Promise<void> {
  const workflows = findWorkflowsPath(given, "as the argument");
  const { code } = await bundleFor(workflows, flags);
  const file = resolve(flags.out);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  } catch (error) {
    throw new Failure(`${file} can't be written: ${(error as Error).message}. Name another file with --out.`);
  }
  const bytes = Buffer.byteLength(code);
  const codeBytes = Buffer.byteLength(splitSourceMap(code).code);
  if (flags.json) {
    output.result(`${JSON.stringify({ workflows, file, bytes, codeBytes }, undefined, 2)}\n`);
    return;
  }
  const sizes = `${readableSize(codeBytes)} of code, ${readableSize(bytes - codeBytes)} of source map`;
  output.result(`${output.style("bold", flags.out)}  ${sizes}\n`);
  output.problem(`A Worker loads it with workflowBundle: { codePath: ${JSON.stringify(flags.out)} }\n`);
}
