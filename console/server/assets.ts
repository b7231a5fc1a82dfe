/** The web's files: built by Bun's bundler, kept in memory, compressed once. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

interface Asset {
  type: string;
  plain: Uint8Array<ArrayBuffer>;
  brotli: Uint8Array<ArrayBuffer>;
  /** Its name has a hash of what is in it, so it never changes. */
  immutable: boolean;
}

type Assets = ReadonlyMap<string, Asset>;

const webFolder = join(import.meta.dir, "../web");
const sharedFolder = join(import.meta.dir, "../shared");
/** Where a packed console has the web's files, built. */
const builtFolder = join(import.meta.dir, "web");

/** The web's files by their paths; `/` is the page. In a checkout they are built again when a source has changed. */
export class Web {
  #assets: Promise<Assets> | undefined;
  #newest = 0;

  /** The files as they are now. */
  assets(): Promise<Assets> {
    if (existsSync(builtFolder)) return (this.#assets ??= readBuilt());
    const newest = Math.max(newestIn(webFolder), newestIn(sharedFolder));
    if (this.#assets === undefined || newest > this.#newest) {
      this.#newest = newest;
      this.#assets = build();
      this.#assets.catch(() => {
        this.#assets = undefined;
      });
    }
    return this.#assets;
  }

  /** The answer to a request for a path; every path that is no file's is the page's, which routes in the browser. */
  async respond(path: string, acceptsBrotli: boolean): Promise<Response> {
    const assets = await this.assets();
    const asset = assets.get(path) ?? (/\.\w+$/.test(path) ? undefined : assets.get("/"));
    if (asset === undefined) return new Response("There is no such file.\n", { status: 404 });
    return new Response(acceptsBrotli ? asset.brotli : asset.plain, {
      headers: {
        "content-type": asset.type,
        "cache-control": asset.immutable ? "public, max-age=31536000, immutable" : "no-cache",
        vary: "accept-encoding",
        ...(acceptsBrotli ? { "content-encoding": "br" } : {}),
      },
    });
  }
}

function newestIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(
    0,
    ...entries.filter((entry) => entry.isFile()).map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
}

/** Bundles the web. */
async function bundleWeb(outdir?: string): Promise<Bun.BuildOutput> {
  return Bun.build({
    entrypoints: [join(webFolder, "index.html")],
    outdir,
    publicPath: "/",
    minify: true,
    splitting: true,
    target: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]", entry: "[name].[ext]" },
  });
}

async function build(): Promise<Assets> {
  const { outputs } = await bundleWeb();
  const assets = new Map<string, Asset>();
  for (const output of outputs) {
    const name = output.path.replace(/^\.?\//, "");
    assets.set(
      name === "index.html" ? "/" : `/${name}`,
      asset(name, output.type, new Uint8Array(await output.arrayBuffer()), 4),
    );
  }
  return assets;
}

async function readBuilt(): Promise<Assets> {
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(builtFolder)) {
    const file = Bun.file(join(builtFolder, name));
    assets.set(name === "index.html" ? "/" : `/${name}`, asset(name, file.type, await file.bytes(), 9));
  }
  return assets;
}

function asset(name: string, type: string, plain: Uint8Array<ArrayBuffer>, quality: number): Asset {
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });
  return { type, plain, brotli, immutable: /-\w{8}\.\w+$/.test(name) };
}
