/**
 * A releases server on this machine that answers as GitHub's releases API does, as far as `ts/src/libs` uses it, and
 * that can be told to misbehave. It speaks HTTP itself, because no server library lets a handler lie about a length or
 * cut an answer.
 */
import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A request as it arrived. */
export interface ServedRequest {
  /** With the query. */
  path: string;
  /** What is asked for. */
  kind: "list" | "tag" | "file";
  /** Name of the file; empty unless `kind` is `file`. */
  file: string;
  /** Names in lower case. */
  headers: Record<string, string>;
}

/** A way to misbehave. What is left out is as it should be. */
export interface Fault {
  /** Answer with this status, and with `headers` and `body` instead of the content. */
  status?: number;
  /** Headers to add or to change. */
  headers?: Record<string, string>;
  /** Content to send instead. */
  body?: string | Uint8Array;
  /** Close the connection after so many bytes of the content, whose full length has been announced. */
  cutAfter?: number;
  /**
   * Send no more after so many bytes of the content until the promise is resolved. With `cutAfter` the client can take
   * what it got before the connection closes: bytes that it has not read by then it may lose.
   */
  holdAfter?: { bytes: number; until: Promise<unknown> };
  /** Announce another length than that of the content. */
  announce?: number;
  /** Take no notice of `Range`. */
  ignoreRange?: boolean;
  /** Close the connection without an answer. */
  hangUp?: boolean;
}

/** What is published. */
export interface PublishedRelease {
  /** Name and content of the files. */
  files: Record<string, Uint8Array>;
  draft?: boolean;
  prerelease?: boolean;
  /** What the API says about a file, to be changed before it is sent. */
  describe?: (asset: Record<string, unknown>) => Record<string, unknown>;
}

/** A running releases server. `await using` stops it. */
export interface ReleasesServer extends AsyncDisposable {
  /** For `TEMPORAL_LIBS_BASE_URL`. */
  readonly baseUrl: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Every request so far, oldest first. */
  readonly requests: ServedRequest[];
  /**
   * Creates or replaces the release of a tag. Releases are listed in the reverse order of their creation, as by GitHub.
   */
  publish(tag: string, release: PublishedRelease): void;
  /**
   * Misbehaves towards the next `times` requests of a kind, or for a file of this name; faults are used in the order
   * that they were given.
   */
  fail(target: "list" | "tag" | "file" | (string & {}), fault: Fault, times?: number): void;
  /** Resolves when there have been `count` requests for a file. */
  requested(file: string, count?: number): Promise<void>;
  /** Ends all connections. */
  stop(): Promise<void>;
}

export interface ReleasesServerOptions {
  /** Releases per page, whatever the request asks for. Default: what it asks for. */
  pageSize?: number;
}

const repository = "/repos/example/temporal-bun";

/** Starts a releases server of the caller's own, on a port that the operating system picks. */
export async function startReleasesServer(options: ReleasesServerOptions = {}): Promise<ReleasesServer> {
  const releases = new Map<string, PublishedRelease>();
  const faults: { target: string; fault: Fault; times: number }[] = [];
  const requests: ServedRequest[] = [];
  const waiting: { file: string; count: number; resolve: () => void }[] = [];
  const sockets = new Set<Socket>();

  const server = createServer((socket) => {
    sockets.add(socket);
    let head = "";
    // A client that goes away is what some tests are about.
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (data) => {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      const request = parseRequest(head);
      head = "";
      requests.push(request);
      for (const waiter of waiting) if (count(waiter.file) >= waiter.count) waiter.resolve();
      void answer(socket, request);
    });
  });
  const count = (file: string) => requests.filter((request) => request.file === file).length;

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function takeFault(request: ServedRequest): Fault {
    const index = faults.findIndex(({ target }) => target === request.kind || target === request.file);
    const entry = faults[index];
    if (entry === undefined) return {};
    if (--entry.times === 0) faults.splice(index, 1);
    return entry.fault;
  }

  function describe(tag: string, release: PublishedRelease): unknown {
    return {
      tag_name: tag,
      draft: release.draft ?? false,
      prerelease: release.prerelease ?? false,
      assets: Object.entries(release.files).map(([name, content]) => {
        const asset = {
          name,
          size: content.length,
          state: "uploaded",
          digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
          url: `${origin}${repository}/releases/assets/${tag}/${name}`,
          browser_download_url: `${origin}/example/temporal-bun/releases/download/${tag}/${name}`,
        };
        return release.describe?.(asset) ?? asset;
      }),
    };
  }

  /** Status, headers and content as GitHub answers. */
  function content(request: ServedRequest): { status: number; headers: Record<string, string>; body: Uint8Array } {
    const json = (status: number, value: unknown, headers: Record<string, string> = {}) => ({
      status,
      headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
      body: new TextEncoder().encode(JSON.stringify(value)),
    });
    const url = new URL(request.path, origin);
    if (request.kind === "list") {
      const size = options.pageSize ?? Number(url.searchParams.get("per_page") ?? 30);
      const page = Number(url.searchParams.get("page") ?? 1);
      const all = [...releases].reverse();
      const more = page * size < all.length;
      const link = `<${origin}${repository}/releases?per_page=${size}&page=${page + 1}>; rel="next"`;
      return json(
        200,
        all.slice((page - 1) * size, page * size).map(([tag, release]) => describe(tag, release)),
        more ? { Link: link } : {},
      );
    }
    const parts = url.pathname.split("/");
    const tag = request.kind === "tag" ? parts.at(-1)! : parts.at(-2)!;
    const release = releases.get(tag);
    if (request.kind === "tag" && release !== undefined && release.draft !== true)
      return json(200, describe(tag, release));
    const body = release?.files[request.file];
    if (body === undefined) return json(404, { message: "Not Found" });
    const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
    return {
      status: 200,
      headers: { "Content-Type": "application/octet-stream", ETag: etag, "Accept-Ranges": "bytes" },
      body,
    };
  }

  async function answer(socket: Socket, request: ServedRequest): Promise<void> {
    const fault = takeFault(request);
    if (fault.hangUp) {
      socket.destroy();
      return;
    }
    let { status, headers, body } = content(request);
    if (fault.status !== undefined) [status, headers, body] = [fault.status, {}, new Uint8Array()];
    if (fault.body !== undefined)
      body = typeof fault.body === "string" ? new TextEncoder().encode(fault.body) : fault.body;
    const range = fault.ignoreRange ? undefined : /^bytes=(\d+)-$/.exec(request.headers["range"] ?? "");
    if (range && status === 200 && [undefined, headers["ETag"]].includes(request.headers["if-range"])) {
      const from = Number(range[1]);
      if (from >= body.length) {
        [status, headers, body] = [416, { "Content-Range": `bytes */${body.length}` }, new Uint8Array()];
      } else {
        headers = { ...headers, "Content-Range": `bytes ${from}-${body.length - 1}/${body.length}` };
        [status, body] = [206, body.subarray(from)];
      }
    }
    headers = {
      ...headers,
      "Content-Length": String(fault.announce ?? body.length),
      Connection: "close",
      ...fault.headers,
    };
    const lines = Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("");
    socket.write(`HTTP/1.1 ${status} ${status === 200 ? "OK" : "Other"}\r\n${lines}\r\n`);
    const end = fault.cutAfter ?? body.length;
    const held = Math.min(end, fault.holdAfter?.bytes ?? 0);
    if (fault.holdAfter !== undefined) {
      socket.write(body.subarray(0, held));
      await fault.holdAfter.until;
    }
    socket.end(body.subarray(held, end));
  }

  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    baseUrl: origin + repository,
    origin,
    requests,
    publish: (tag, release) => {
      releases.delete(tag);
      releases.set(tag, release);
    },
    fail: (target, fault, times = 1) => void faults.push({ target, fault, times }),
    requested: (file, wanted = 1) =>
      new Promise((resolve) => {
        if (count(file) >= wanted) resolve();
        else waiting.push({ file, count: wanted, resolve });
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function parseRequest(head: string): ServedRequest {
  const [first = "", ...lines] = head.slice(0, head.indexOf("\r\n\r\n")).split("\r\n");
  const path = first.split(" ")[1] ?? "/";
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const { pathname } = new URL(path, "http://localhost");
  if (pathname === `${repository}/releases`) return { path, kind: "list", file: "", headers };
  if (pathname.startsWith(`${repository}/releases/tags/`)) return { path, kind: "tag", file: "", headers };
  return { path, kind: "file", file: pathname.split("/").at(-1) ?? "", headers };
}
