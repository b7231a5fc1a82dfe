/** The parity ledger, docs/parity.tsv: which row of the feature list is done, and by which test that is seen. */

/** A row of docs/features.tsv. */
export interface Feature {
  id: string;
  group: string;
  /** GA, X (experimental), N (new in 1.23 or 1.24), D (deprecated) or I (internal). */
  status: string;
  text: string;
}

/** A row of docs/parity.tsv. */
export interface LedgerRow {
  id: string;
  /** "done", or the reason why it is not. */
  state: string;
  /** The test that proves it; undefined if there is none. */
  test: NamedTest | undefined;
}

/** A test by the file it stands in, from the root of the repository, and its name there. */
export interface NamedTest {
  file: string;
  name: string;
}

/** Rows of a table whose cells are separated by tabs. Throws when its first line is not the header. */
function readTable(text: string, file: string, header: string): string[][] {
  const [first, ...lines] = text.split("\n");
  if (first !== header) throw new Error(`${file} begins with "${first}" instead of "${header}"`);
  return lines.filter((line) => line !== "").map((line) => line.split("\t"));
}

/** Reads docs/features.tsv. */
export function readFeatures(text: string): Feature[] {
  return readTable(text, "docs/features.tsv", "id\tgroup\tstatus\tfeature").map(
    ([id = "", group = "", status = "", feature = ""]) => ({ id, group, status, text: feature }),
  );
}

/** Reads docs/parity.tsv. Throws for a row that names no feature, comes twice, or is done without a test. */
export function readLedger(text: string, features: readonly Feature[]): LedgerRow[] {
  const known = new Set(features.map((feature) => feature.id));
  const seen = new Set<string>();
  return readTable(text, "docs/parity.tsv", "id\tstate\ttest").map(([id = "", state = "", proof = ""]) => {
    if (!known.has(id)) throw new Error(`docs/parity.tsv: there is no "${id}" in docs/features.tsv`);
    if (seen.has(id)) throw new Error(`docs/parity.tsv: ${id} comes twice`);
    seen.add(id);
    if (state === "") throw new Error(`docs/parity.tsv: ${id} has no state: write "done", or the reason why it is not`);
    const [, file, name] = /^(\S+): (.+)$/.exec(proof) ?? [];
    if (file === undefined || name === undefined) {
      if (proof !== "" || state === "done")
        throw new Error(`docs/parity.tsv: the test of ${id} is "${proof}" instead of "file: name of the test"`);
      return { id, state, test: undefined };
    }
    return { id, state, test: { file, name } };
  });
}
