import { realpathSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { Failure } from "../failure";
import { writeNewFiles } from "../files";
import type { Output } from "../output";
import { isCheckout, ownSpecifier, projectFiles, type TemplateName, templateNames, templates } from "./templates";

/** What `init` was told. What is missing is asked on a terminal, and is a default elsewhere. */
export interface InitFlags {
  template?: TemplateName;
  name?: string;
  sdk?: string;
}

/** Makes a project in a folder, by default the working one, and says what to do next. */
export async function init(folder: string | undefined, flags: InitFlags, output: Output): Promise<void> {
  const path = resolve(folder ?? ".");
  const { template, name } = await complete(flags, folder !== undefined, packageName(basename(path)));
  const files = projectFiles(template, name, flags.sdk ?? ownSpecifier);
  writeNewFiles(path, files);
  output.result(`${output.style("bold", name)} is in ${path}: ${[...files.keys()].toSorted().join(", ")}\n`);
  output.result(`\nNext:\n${nextSteps(path, flags.sdk === undefined).join("\n")}\n`);
}

function nextSteps(path: string, isOwnSdk: boolean): string[] {
  const way = relative(process.cwd(), path);
  const checkout = realpathSync(join(import.meta.dir, "../../.."));
  return [
    ...(isCheckout && isOwnSdk ? [`  (cd ${quoted(checkout)} && bun link)    # the SDK of this checkout`] : []),
    ...(way === "" ? [] : [`  cd ${quoted(way)}`]),
    "  bun install",
    "  bun test          # with a server that skips time",
    "  bun run dev       # a dev server, and the Worker, which restarts when you save",
    "  bun run client    # in another terminal: starts a Workflow",
  ];
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** What a folder's name is as the name of a package. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/^[._-]+|[._-]+$/g, "");
  return name === "" ? "worker" : name;
}

const isPackageName = (name: string) =>
  name.length <= 214 && /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(name);

function checkedName(name: string): string {
  if (isPackageName(name)) return name;
  throw new Failure(`${JSON.stringify(name)} can't be the name of a package: use small letters, digits and hyphens`, 2);
}

/** Asks for what is missing, if there is somebody to ask. Whoever names a folder has named the project. */
async function complete(flags: InitFlags, isNamed: boolean, defaultName: string) {
  const [defaultTemplate] = templateNames as [TemplateName];
  if (flags.name !== undefined) checkedName(flags.name);
  const asksName = flags.name === undefined && !isNamed;
  const answers = { template: flags.template ?? defaultTemplate, name: flags.name ?? defaultName };
  if (!(process.stdin.isTTY && process.stderr.isTTY) || (flags.template !== undefined && !asksName)) return answers;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-D closes it, and so does Ctrl-C.
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => {});
  terminal.once("SIGINT", () => terminal.close());
  terminal.once("close", () => left.reject(new Failure("\nNothing was written.")));
  const ask = async (question: string, fallback: string, problem: (answer: string) => string | undefined) => {
    for (;;) {
      // Ctrl-D rejects it too, in other words.
      const asked = terminal.question(`${question} [${fallback}] `).catch(() => left.promise);
      const answer = (await Promise.race([left.promise, asked])).trim() || fallback;
      const complaint = problem(answer);
      if (complaint === undefined) return answer;
      process.stderr.write(`${complaint}\n`);
    }
  };
  try {
    if (flags.template === undefined) {
      for (const name of templateNames) process.stderr.write(`  ${name.padEnd(8)}  ${templates[name].about}\n`);
      answers.template = (await ask("Template", defaultTemplate, (answer) =>
        answer in templates ? undefined : `There is no ${answer}: it is one of ${templateNames.join(", ")}.`,
      )) as TemplateName;
    }
    if (asksName) {
      answers.name = await ask("Name", defaultName, (answer) =>
        isPackageName(answer) ? undefined : "Use small letters, digits and hyphens.",
      );
    }
    return answers;
  } finally {
    terminal.close();
  }
}
