/** A defect, and the test that notices it. */
export interface Mutant {
  /** Says what is wrong. */
  name: string;
  /** Where it is put in: path from the repository's folder. */
  file: string;
  /** What is replaced; stands in the file exactly once. */
  text: string;
  replacement: string;
  /** What has to fail: a file of tests, or one of the folders `rust-core/src` and `zig-bridge/src` for their own. */
  test: string;
  /** Whether `make test` tries it: it needs neither a compiler nor a server. */
  quick?: boolean;
}
