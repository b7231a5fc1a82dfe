import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheError, LibsError } from "./error";
import { type Exchange, type Http, withoutQuery } from "./http";
import { TemporaryFailure, withRetries } from "./network";
import type { Archive } from "./releases";
import { megabytes, type Reporter } from "./reporter";

/** What is known of the bytes of a partial download, in a file beside it. */
interface PartialRecord {
  /** The strong ETag that the bytes came with. */
  etag: string;
  /** The SHA-256 that the whole is to have. */
  sha256: string;
}

/** A download that can be continued. */
interface PartialDownload {
  size: number;
  etag: string;
}

/**
 * Downloads an archive into `folder`, which exists, and checks its SHA-256. Returns the path of the file.
 *
 * What was there before of the same archive is continued, but only when the server answers 206 with the ETag that the
 * first part had; otherwise it starts again. A download that fails leaves what it has for the next one, unless its
 * checksum is wrong: then nothing is left.
 *
 * Throws a {@link LibsError}.
 */
export async function downloadArchive(
  http: Http,
  archive: Archive,
  folder: string,
  reporter: Reporter,
): Promise<string> {
  const { name, size: total, url, sha256 } = archive;
  const { limits } = http.network;
  if (total > limits.archiveBytes) {
    throw new LibsError(
      "bad-response",
      `${name} has ${total} bytes, more than the ${limits.archiveBytes} that an archive may have`,
      "to accept it before the download",
      "do not use this release, and report it",
    );
  }
  const { path, recordPath } = partialFiles(folder, name);
  const discard = () => discardDownload(folder, name);

  const attempt = async () => {
    const partial = await readPartial(path, recordPath, sha256);
    if (partial?.size === total) return;
    if (partial !== undefined && partial.size > total) await discard();
    const from = partial !== undefined && partial.size < total ? partial : undefined;
    const headers: Record<string, string> =
      from === undefined ? {} : { Range: `bytes=${from.size}-`, "If-Range": from.etag };
    const exchange = await http.get(
      url,
      "application/octet-stream",
      from === undefined ? [200] : [200, 206, 416],
      headers,
    );
    const continued = from !== undefined && continues(exchange, from, total);
    if (exchange.status !== 200 && !continued) {
      await exchange.cancel();
      await discard();
      throw new TemporaryFailure(
        `${withoutQuery(url)} cannot continue the download: it starts again`,
        (tried) =>
          new LibsError(
            "bad-response",
            `${withoutQuery(url)} answers ${exchange.status} to a request for the rest of the file, but not with the rest`,
            tried,
            "run this again: it starts from the beginning",
          ),
      );
    }
    if (!continued) await startRecord(path, recordPath, exchange, sha256);
    else reporter.message(`continuing ${name} at ${megabytes(from.size)}`);
    await writeBody(exchange, path, continued ? from.size : 0, total, (received) =>
      reporter.progress(name, received, total),
    );
    const { size } = await stat(path);
    if (size < total) throw truncated(url, size, total);
  };

  try {
    await withRetries(http.network, `GET ${withoutQuery(url)}`, (text) => reporter.message(text), attempt);
    const actual = await hashFile(path);
    if (actual === sha256) return path;
    await discard();
    throw new LibsError(
      "checksum-mismatch",
      `${name} has SHA-256 ${actual} instead of ${sha256}`,
      `to download it from ${withoutQuery(url)}; nothing was unpacked, and the file was removed`,
      "run this again; if it stays so, somebody has changed the file on its way or on the server: do not use it, and report it",
    );
  } catch (error) {
    if (error instanceof TooLong) await discard();
    throw cacheError(error, `save ${name}`, path);
  }
}

/** Removes what {@link downloadArchive} has left of an archive in `folder`, whole or not. */
export async function discardDownload(folder: string, name: string): Promise<void> {
  const { path, recordPath } = partialFiles(folder, name);
  await rm(recordPath, { force: true });
  await rm(path, { force: true });
}

function partialFiles(folder: string, name: string): { path: string; recordPath: string } {
  return { path: join(folder, `${name}.part`), recordPath: join(folder, `${name}.json`) };
}

/** SHA-256 of a file, in hexadecimal digits. */
export async function hashFile(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  // One buffer: with a stream, whose pieces wait to be collected, a large library would be in memory as a whole.
  const buffer = new Uint8Array(1 << 20);
  const file = await open(path);
  try {
    for (let length: number; (length = (await file.read(buffer, 0, buffer.length)).bytesRead) > 0; )
      hasher.update(buffer.subarray(0, length));
  } finally {
    await file.close();
  }
  return hasher.digest("hex");
}

async function readPartial(path: string, recordPath: string, sha256: string): Promise<PartialDownload | undefined> {
  try {
    const record = JSON.parse(await readFile(recordPath, "utf8")) as PartialRecord;
    const { size } = await stat(path);
    return record.sha256 === sha256 && typeof record.etag === "string" && size > 0
      ? { size, etag: record.etag }
      : undefined;
  } catch {
    // Nothing, or not whole: the download starts at the beginning.
    return undefined;
  }
}

/** Whether an answer is exactly the rest of the bytes of which a part is there. */
function continues({ status, headers }: Exchange, { size, etag }: PartialDownload, total: number): boolean {
  return (
    status === 206 &&
    headers.get("etag") === etag &&
    headers.get("content-range") === `bytes ${size}-${total - 1}/${total}`
  );
}

/** Empties the file first: a record must never stand beside bytes of another ETag, whenever this process is killed. */
async function startRecord(path: string, recordPath: string, { headers }: Exchange, sha256: string): Promise<void> {
  await rm(recordPath, { force: true });
  await writeFile(path, "");
  const etag = headers.get("etag");
  // Nothing but a strong ETag promises the same bytes.
  if (etag === null || !/^"[\x21\x23-\x7e]+"$/.test(etag)) return;
  const record: PartialRecord = { etag, sha256 };
  await writeFile(recordPath, JSON.stringify(record));
}

async function writeBody(
  exchange: Exchange,
  path: string,
  from: number,
  total: number,
  progress: (received: number) => void,
): Promise<void> {
  const file = await open(path, "r+");
  try {
    let received = from;
    for await (const chunk of exchange.chunks()) {
      if (received + chunk.length > total) throw new TooLong(total);
      await writeAll(file, chunk, received);
      received += chunk.length;
      progress(received);
    }
  } finally {
    await file.close();
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array, position: number): Promise<void> {
  // A full disk takes a part first, and says that it is full when it is given the rest.
  for (let written = 0; written < chunk.length; ) {
    written += (await file.write(chunk, written, chunk.length - written, position + written)).bytesWritten;
  }
}

class TooLong extends LibsError {
  constructor(total: number) {
    super(
      "bad-response",
      `The server sends more than the ${total} bytes that the release says`,
      "to download the archive; what had arrived was removed",
      "run this again; if it stays so, report it or use another mirror in TEMPORAL_LIBS_BASE_URL",
    );
  }
}

function truncated(url: URL, size: number, total: number): TemporaryFailure {
  const reason = `${withoutQuery(url)} ended after ${size} of ${total} bytes`;
  return new TemporaryFailure(
    reason,
    (tried) =>
      new LibsError(
        "truncated",
        `The download is incomplete: ${reason}`,
        tried,
        "run this again: it goes on where it ended if the server can; if it stays so, use another mirror in TEMPORAL_LIBS_BASE_URL",
      ),
  );
}
