/** Writes tar archives whose bytes depend on nothing but the names and contents of their files. */

/** A file in an archive. */
export interface TarFile {
  /** Path with `/`, at most 100 bytes of ASCII. */
  name: string;
  data: Uint8Array;
}

const blockSize = 512;

/** A ustar archive of plain files in the order given: mode 644, owner 0, time 0 (1970-01-01). */
export function tar(files: TarFile[]): Uint8Array {
  const blocks = files.map((file) => Math.ceil(file.data.length / blockSize));
  // A header per file, and two empty blocks at the end.
  const archive = new Uint8Array(blocks.reduce((sum, count) => sum + count + 1, 2) * blockSize);
  let offset = 0;
  for (const [index, file] of files.entries()) {
    archive.set(header(file), offset);
    archive.set(file.data, offset + blockSize);
    offset += (blocks[index]! + 1) * blockSize;
  }
  return archive;
}

function header({ name, data }: TarFile): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name))
    throw new Error(`${name} cannot be the name of a file in a tar archive: use up to 100 ASCII characters`);
  const block = new Uint8Array(blockSize);
  const put = (position: number, text: string) => block.set(new TextEncoder().encode(text), position);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  put(0, name);
  put(100, `${octal(0o644, 7)}\0`);
  put(108, `${octal(0, 7)}\0`);
  put(116, `${octal(0, 7)}\0`);
  put(124, `${octal(data.length, 11)}\0`);
  put(136, `${octal(0, 11)}\0`);
  // The sum of the header's bytes, with spaces in the place of the sum itself.
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\0");
  put(263, "00");
  put(
    148,
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
  );
  return block;
}
