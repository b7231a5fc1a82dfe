/**
 * `#workflow-realm` in the npm package: `release/npm-pack` bundles the library for Workflow code into one file. It is
 * imported as a file, so whoever bundles or compiles an application takes it along without knowing of it.
 */
import type { RealmLibrary } from "../../workflow-host/realm";
// @ts-expect-error: it is there in the npm package only.
import code from "./workflow-realm.bundle.js" with { type: "text" };
// @ts-expect-error: it is there in the npm package only.
import sourceMap from "./workflow-realm.bundle.js.map" with { type: "text" };

/** The library for Workflow code. */
export async function realmLibrary(): Promise<RealmLibrary> {
  return { code, sourceMap };
}
