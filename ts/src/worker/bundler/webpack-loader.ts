/** A loader for webpack: makes JavaScript of TypeScript, by Bun. */
import { withRuntimeInterop } from "./interop";

/** What webpack gives loaders. */
interface LoaderContext {
  resourcePath: string;
  async(): (error: unknown, code?: string, sourceMap?: object) => void;
}

/** The loader. webpack calls it with the text of a file. */
export default function load(this: LoaderContext, source: string): void {
  const done = this.async();
  compile(this.resourcePath, source).then(
    ({ code, sourceMap }) => done(null, code, sourceMap),
    (error: unknown) => done(error),
  );
}

const commonJS = /\b(?:require\s*[(.]|module\.exports\b|exports\.|import\s+\w+\s*=|export\s*=)/;

async function compile(file: string, source: string): Promise<{ code: string; sourceMap: object }> {
  const output = await Bun.build({
    entrypoints: [file],
    target: "browser",
    // Of ECMAScript modules Bun would make calls of `require` ones that webpack doesn't know.
    format: commonJS.test(source) ? "cjs" : "esm",
    sourcemap: "external",
    throw: false,
    plugins: [
      {
        name: "temporal-webpack-loader",
        setup(build) {
          // Imports are webpack's to resolve.
          build.onResolve({ filter: /.*/ }, ({ path, kind }) =>
            kind.startsWith("entry-point") ? undefined : { path, external: true },
          );
          build.onLoad({ filter: /.*/ }, () => ({ contents: source, loader: file.endsWith("x") ? "tsx" : "ts" }));
        },
      },
    ],
  });
  if (!output.success) throw new Error(output.logs.map(({ message }) => message).join("\n"));
  const [code, map] = await Promise.all(output.outputs.map((part) => part.text()));
  const sourceMap = JSON.parse(map!) as { sources: string[]; sourcesContent: string[] };
  return {
    code: withRuntimeInterop(code!.replace(/\n\/\/# debugId=.*\s*$/, "\n"), {}),
    sourceMap: { ...sourceMap, sources: [file], sourcesContent: [source] },
  };
}
