/** A package registry on this machine, for tests of what is installed and published. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A package's archive as a registry has it. */
export interface RegistryPackage {
  manifest: { name: string; version: string; [field: string]: unknown };
  tarball: Uint8Array;
}

/** A running registry. */
export interface Registry extends AsyncDisposable {
  /** Address of the registry, with a slash at the end. */
  readonly url: string;
  /** `name@version` of what was published by requests, in order. */
  readonly published: readonly string[];
  /** Puts a package's archive (.tgz) there. */
  add(path: string): Promise<void>;
  /** Refuses the publication of a package. */
  refuse(name: string): void;
}

/** `package.json` in an archive. */
export async function manifestIn(tarball: Uint8Array): Promise<RegistryPackage["manifest"]> {
  const files = await new Bun.Archive(tarball).files("package/package.json");
  return JSON.parse(await files.get("package/package.json")!.text()) as RegistryPackage["manifest"];
}

/** `sha512-…` of an archive, as registries and lockfiles write it. */
export function integrity(tarball: Uint8Array): string {
  return `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
}

/**
 * Starts a registry without packages, on a port that the operating system picks. It takes publications without asking
 * who comes.
 */
export function startRegistry(): Registry {
  const packages = new Map<string, Map<string, RegistryPackage>>();
  const published: string[] = [];
  const refused = new Set<string>();

  const put = (entry: RegistryPackage) => {
    const { name, version } = entry.manifest;
    packages.set(name, (packages.get(name) ?? new Map<string, RegistryPackage>()).set(version, entry));
  };

  const describe = (name: string, versions: Map<string, RegistryPackage>, url: string) => ({
    name,
    "dist-tags": { latest: [...versions.keys()].at(-1) },
    versions: Object.fromEntries(
      [...versions].map(([version, { manifest, tarball }]) => [
        version,
        { ...manifest, dist: { tarball: `${url}-/${name}/${version}.tgz`, integrity: integrity(tarball) } },
      ]),
    ),
  });

  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, origin } = new URL(request.url);
      const url = `${origin}/`;
      const path = decodeURIComponent(pathname).slice(1);
      const notFound = () => Response.json({ error: "Not found" }, { status: 404 });
      if (request.method === "PUT") {
        if (refused.has(path)) return Response.json({ error: "refused for the test" }, { status: 403 });
        const body = (await request.json()) as {
          versions: Record<string, RegistryPackage["manifest"]>;
          _attachments: Record<string, { data: string }>;
        };
        const [manifest] = Object.values(body.versions);
        const [attachment] = Object.values(body._attachments);
        put({ manifest: manifest!, tarball: Buffer.from(attachment!.data, "base64") });
        published.push(`${manifest!.name}@${manifest!.version}`);
        return Response.json({ ok: true }, { status: 201 });
      }
      const [, name = path, version] = /^-\/(.+)\/([^/]+)\.tgz$/.exec(path) ?? [];
      const versions = packages.get(name);
      if (versions === undefined) return notFound();
      if (version === undefined) return Response.json(describe(name, versions, url));
      const found = versions.get(version);
      return found === undefined ? notFound() : new Response(found.tarball as Uint8Array<ArrayBuffer>);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    published,
    async add(path) {
      const tarball = readFileSync(path);
      put({ manifest: await manifestIn(tarball), tarball });
    },
    refuse: (name) => void refused.add(name),
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}
