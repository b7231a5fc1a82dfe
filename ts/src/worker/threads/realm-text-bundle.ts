/**
 * `#workflow-realm` in the npm package: `release/npm-pack` bundles the library for Workflow code into one file. It is
 * imported as a file, so whoever bundles or compiles an application takes it along without knowing of it.
 */
// @ts-expect-error: it is there in the npm package only.
import file from "./workflow-realm.bundle.js" with { type: "text" };

/** Text of a script that evaluates to a function, which makes the library: see `openRealm`. */
export async function realmText(): Promise<string> {
  return file;
}
