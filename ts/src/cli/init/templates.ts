/** The projects that `init` can make. Their files are in the package, so that they are compiled and tested as any. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };

/** What each is, by its name; the first one is the default. */
export const templates = {
  hello: { folder: "templates/hello", about: "a Workflow and an activity" },
  orders: { folder: "examples/orders", about: "retries, a signal, a query, a wait of days, and undoing what was done" },
};

/** Name of a template. */
export type TemplateName = keyof typeof templates;

export const templateNames = Object.keys(templates) as TemplateName[];

/** Of each template's folder. There may be more in it. */
const sources = ["activities.ts", "client.ts", "seed.ts", "worker.ts", "workflows.test.ts", "workflows.ts"];
/** What every project has, by its name there. Those that tools would take for the package's own have no dot. */
const common = {
  ".dockerignore": "dockerignore",
  ".gitignore": "gitignore",
  Dockerfile: "Dockerfile",
  "README.md": "README.md",
  "package.json": "package.json",
  "tsconfig.json": "tsconfig.json",
};

/** All files of all templates, relative to the package's folder. */
export const templatePaths = [
  ...Object.values(common).map((file) => `templates/project/${file}`),
  ...Object.values(templates).flatMap(({ folder }) => sources.map((file) => `${folder}/${file}`)),
];

const read = (path: string) => readFileSync(join(import.meta.dir, "../../..", path), "utf8");

/** What a file is that every project has. */
export function commonFile(name: keyof typeof common): string {
  return read(`templates/project/${common[name]}`);
}

/** Whether this is a checkout. Its version may not be published. */
export const isCheckout = packageJson.private === true;

/** What a project depends on unless it is told otherwise: this version, or this checkout after `bun link`. */
export const ownSpecifier = isCheckout ? `link:${packageJson.name}` : packageJson.version;

/**
 * The files of a project, by their names.
 *
 * @param name name of the project
 * @param sdk what package.json says of where the SDK comes from
 */
export function projectFiles(template: TemplateName, name: string, sdk: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const file of Object.keys(common) as (keyof typeof common)[]) files.set(file, commonFile(file));
  for (const file of sources) files.set(file, read(`${templates[template].folder}/${file}`));
  files.set("README.md", commonFile("README.md").replaceAll("{{name}}", name));
  const manifest = JSON.parse(commonFile("package.json"));
  manifest.name = name;
  manifest.dependencies[packageJson.name] = sdk;
  files.set("package.json", `${JSON.stringify(manifest, null, 2)}\n`);
  return files;
}
