/**
 * A store of objects on localhost that speaks the language of S3, and the JSON language of Google Cloud Storage, as far
 * as the drivers need it.
 */

/** What a request asks for. */
export interface ObjectRequest {
  method: string;
  bucket: string;
  object: string;
  /** By which language it came. */
  language: "s3" | "gcs";
}

/** The server, and what a test may ask it. */
export interface ObjectServer extends Disposable {
  /** `http://127.0.0.1:port`. */
  url: string;
  /** Objects by "bucket/name". Requests for a bucket that isn't in {@link buckets} are refused. */
  objects: Map<string, Uint8Array>;
  buckets: Set<string>;
  /** Requests, in the order of their arrival, refused ones too. */
  requests: ObjectRequest[];
  /** Answers requests in the place of the server. */
  intercept: ((request: ObjectRequest) => Promise<Response | undefined> | Response | undefined) | undefined;
}

/** The only access key that S3 requests may have. */
export const accessKeyId = "test-access-key";

/** Starts a server with the bucket `payloads`. */
export function objectServer(): ObjectServer {
  const objects = new Map<string, Uint8Array>();
  const buckets = new Set(["payloads"]);
  const requests: ObjectRequest[] = [];
  const uploads = new Map<string, { place: string; onlyIfAbsent: boolean }>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      if (url.pathname.startsWith("/session/")) return gcsContent(url.pathname, await request.bytes());
      const upload = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(url.pathname);
      const stored = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/.exec(url.pathname);
      const plain = /^\/([^/]+)\/(.+)$/.exec(url.pathname);
      const [, bucket = "", object = ""] =
        (upload ? [upload[0], upload[1], encodeURIComponent(url.searchParams.get("name")!)] : (stored ?? plain)) ?? [];
      const asked: ObjectRequest = {
        method: request.method,
        bucket,
        object: decodeURIComponent(object),
        language: upload || stored ? "gcs" : "s3",
      };
      requests.push(asked);
      const answer = await self.intercept?.(asked);
      if (answer !== undefined) return answer;
      if (asked.language === "s3") return s3(asked, request);
      if (!buckets.has(bucket)) return gcsError(404, "The specified bucket does not exist.");
      const place = `${bucket}/${asked.object}`;
      if (stored) return gcsObject(place, request.method);
      const session = `/session/${uploads.size}`;
      uploads.set(session, { place, onlyIfAbsent: url.searchParams.get("ifGenerationMatch") === "0" });
      return new Response(null, { headers: { location: `${url.origin}${session}` } });
    },
  });

  async function s3({ method, bucket, object }: ObjectRequest, request: Request): Promise<Response> {
    const error = (status: number, code: string) =>
      new Response(
        method === "HEAD"
          ? null
          : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code} for ${object}</Message></Error>`,
        {
          status,
          headers: { "content-type": "application/xml" },
        },
      );
    if (!request.headers.get("authorization")?.startsWith(`AWS4-HMAC-SHA256 Credential=${accessKeyId}/`))
      return error(403, "AccessDenied");
    if (!buckets.has(bucket)) return error(404, "NoSuchBucket");
    const place = `${bucket}/${object}`;
    if (method === "PUT") {
      objects.set(place, await request.bytes());
      return new Response(null, { headers: { etag: '"etag"' } });
    }
    const bytes = objects.get(place);
    if (method === "DELETE") {
      objects.delete(place);
      return new Response(null, { status: 204 });
    }
    if (bytes === undefined) return error(404, "NoSuchKey");
    return new Response(method === "HEAD" ? null : new Uint8Array(bytes), {
      headers: { "content-length": String(bytes.length), etag: '"etag"' },
    });
  }

  function gcsContent(session: string, bytes: Uint8Array): Response {
    const { place, onlyIfAbsent } = uploads.get(session)!;
    if (onlyIfAbsent && objects.has(place))
      return gcsError(412, "At least one of the pre-conditions you specified did not hold.");
    objects.set(place, bytes);
    return Response.json(metadata(place, bytes));
  }

  function gcsObject(place: string, method: string): Response {
    const bytes = objects.get(place);
    if (bytes === undefined) return gcsError(404, `No such object: ${place}`);
    if (method === "DELETE") {
      objects.delete(place);
      return new Response(null, { status: 204 });
    }
    return new Response(new Uint8Array(bytes), { headers: { "x-goog-hash": `crc32c=${crc32c(bytes)}` } });
  }

  const self: ObjectServer = {
    url: `http://127.0.0.1:${server.port}`,
    objects,
    buckets,
    requests,
    intercept: undefined,
    [Symbol.dispose]: () => void server.stop(true),
  };
  return self;
}

function gcsError(code: number, message: string): Response {
  return Response.json(
    { error: { code, message, errors: [{ message, domain: "global", reason: "test" }] } },
    { status: code },
  );
}

function metadata(place: string, bytes: Uint8Array): object {
  return {
    kind: "storage#object",
    name: place.slice(place.indexOf("/") + 1),
    size: String(bytes.length),
    crc32c: crc32c(bytes),
  };
}

/** The checksum by which Google's library compares what was sent with what arrived, in base64. */
function crc32c(bytes: Uint8Array): string {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  const result = Buffer.alloc(4);
  result.writeUInt32BE(~crc >>> 0);
  return result.toString("base64");
}
