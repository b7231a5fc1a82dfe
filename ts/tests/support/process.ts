const patienceMs = 60_000;

/**
 * Runs a program in a process of its own, with what `temporal-bun-sdk/worker` exports as `sdk`: a process has one
 * runtime. One that doesn't end is ended.
 *
 * @param program statements, which may await
 * @param data what the program sees as `data`
 * @returns the lines that it writes to standard output. Rejects with what it writes to standard error, if it fails
 */
export async function inNewProcess(program: string, data: unknown = undefined): Promise<string[]> {
  const source = `import * as sdk from ${JSON.stringify(`${import.meta.dir}/../../src/worker`)};
    const data = ${JSON.stringify(data) ?? "undefined"};
    ${program}`;
  const child = Bun.spawn([process.execPath, "-e", source], { stderr: "pipe", timeout: patienceMs });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (child.signalCode !== null)
    throw new Error(`the program was ended after ${patienceMs / 1_000} s; it wrote: ${output}${errors}`);
  if (code !== 0) throw new Error(`the program ended with ${code}: ${errors}`);
  return output.trim().split("\n");
}
