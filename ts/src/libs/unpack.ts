import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { cacheError, LibsError, reasonOf } from "./error";
import { isInnerPath } from "./manifest";
import type { Limits } from "./network";

const blockSize = 512;

/**
 * Unpacks a `.tar.gz` into `folder`, which exists and is empty.
 *
 * It takes the archives that `release/pack` makes, ustar with plain files and folders, and refuses everything else:
 * links, devices, extensions that rename entries, absolute paths, `..`, an entry twice, and more than the limits allow.
 * That is why no general extractor is used: those leave out or rewrite what does not fit, and know no limits.
 *
 * Throws a {@link LibsError} `bad-archive`, or one of the cache's when a file cannot be written. What was unpacked
 * before stays: the caller removes the folder.
 */
export async function unpack(
  archive: string,
  folder: string,
  limits: Pick<Limits, "unpackedBytes" | "archiveEntries">,
): Promise<void> {
  const reader = new TarReader(folder, limits);
  // The callback's error is thrown by the iteration, too.
  const stream = pipeline(createReadStream(archive), createGunzip(), () => {});
  try {
    for await (const chunk of stream) await reader.push(chunk as Uint8Array);
    reader.finish();
  } catch (error) {
    if (error instanceof LibsError) throw error;
    throw refuse(`is damaged: ${reasonOf(error)}`);
  } finally {
    stream.destroy();
    await reader.close();
  }
}

class TarReader {
  #header = Buffer.alloc(blockSize);
  #headerLength = 0;
  #file: { handle: FileHandle; path: string; position: number } | undefined;
  /** Bytes of the current file that are still to come, and of the padding behind it. */
  #content = 0;
  #padding = 0;
  #total = 0;
  #entries = 0;
  #ended = false;

  constructor(
    readonly folder: string,
    readonly limits: Pick<Limits, "unpackedBytes" | "archiveEntries">,
  ) {}

  async push(chunk: Uint8Array): Promise<void> {
    this.#total += chunk.length;
    if (this.#total > this.limits.unpackedBytes)
      throw refuse(`unpacks to more than ${this.limits.unpackedBytes} bytes`);
    for (let rest = chunk; rest.length > 0 && !this.#ended; ) rest = rest.subarray(await this.#take(rest));
  }

  finish(): void {
    if (!this.#ended) throw refuse("ends before its end");
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  /** Returns how many of the bytes it used. */
  async #take(bytes: Uint8Array): Promise<number> {
    if (this.#content > 0) {
      const part = bytes.subarray(0, this.#content);
      await this.#write(part);
      this.#content -= part.length;
      if (this.#content === 0) await this.close();
      return part.length;
    }
    if (this.#padding > 0) {
      const skipped = Math.min(this.#padding, bytes.length);
      this.#padding -= skipped;
      return skipped;
    }
    const part = bytes.subarray(0, blockSize - this.#headerLength);
    this.#header.set(part, this.#headerLength);
    this.#headerLength += part.length;
    if (this.#headerLength === blockSize) {
      this.#headerLength = 0;
      await this.#begin(this.#header);
    }
    return part.length;
  }

  async #write(part: Uint8Array): Promise<void> {
    const file = this.#file!;
    try {
      for (let written = 0; written < part.length; ) {
        written += (await file.handle.write(part, written, part.length - written, file.position + written))
          .bytesWritten;
      }
    } catch (error) {
      throw cacheError(error, "unpack the archive", file.path);
    }
    file.position += part.length;
  }

  async #begin(header: Buffer): Promise<void> {
    if (header.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    const entry = readHeader(header);
    if (++this.#entries > this.limits.archiveEntries)
      throw refuse(`has more than ${this.limits.archiveEntries} entries`);
    if (entry.size > this.limits.unpackedBytes) throw refuse(`unpacks to more than ${this.limits.unpackedBytes} bytes`);
    const path = join(this.folder, entry.name);
    try {
      if (entry.type === "folder") {
        await mkdir(path, { recursive: true });
        return;
      }
      await mkdir(dirname(path), { recursive: true });
      // "wx" fails on everything that exists already, be it under a name that only differs in case.
      this.#file = { handle: await open(path, "wx", 0o644), path, position: 0 };
    } catch (error) {
      if ((error as { code?: unknown }).code === "EEXIST") throw refuse(`has ${JSON.stringify(entry.name)} twice`);
      throw cacheError(error, "unpack the archive", path);
    }
    this.#content = entry.size;
    this.#padding = (blockSize - (entry.size % blockSize)) % blockSize;
    if (entry.size === 0) await this.close();
  }
}

/** Types of entries that are refused, by the flag in the header. */
const otherTypes: Record<string, string> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "6": "a named pipe",
};

function readHeader(header: Buffer): { name: string; size: number; type: "file" | "folder" } {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (header.toString("latin1", 257, 262) !== "ustar" || octal(header, 148, 8) !== sum)
    throw refuse("is no tar archive in the ustar format");
  const prefix = text(header, 345, 155);
  const name = (prefix === "" ? "" : `${prefix}/`) + text(header, 0, 100);
  const flag = String.fromCharCode(header[156]!);
  const type = flag === "5" ? "folder" : flag === "0" || flag === "\0" ? "file" : undefined;
  if (type === undefined) {
    throw refuse(
      `has ${JSON.stringify(name)}, which is ${otherTypes[flag] ?? `an entry of type ${JSON.stringify(flag)}`}: only files and folders are taken`,
    );
  }
  const path = type === "folder" ? name.replace(/\/$/, "") : name;
  if (!isInnerPath(path)) throw refuse(`has ${JSON.stringify(name)}, which is no plain path inside a folder`);
  const size = octal(header, 124, 12);
  if (size === undefined) throw refuse(`has no readable size for ${JSON.stringify(name)}`);
  return { name: path, size: type === "folder" ? 0 : size, type };
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

function octal(header: Buffer, offset: number, length: number): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(header.toString("latin1", offset, offset + length))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function refuse(what: string): LibsError {
  return new LibsError(
    "bad-archive",
    `The archive ${what}`,
    "to unpack it; nothing of it was put into the cache",
    "do not use this release, and report it; another version can be chosen with TEMPORAL_LIBS_VERSION",
  );
}
