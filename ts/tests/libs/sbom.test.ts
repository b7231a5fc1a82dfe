/** The lists of what is inside are what scanners read, and have all of it. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { archiveSbom, mainSbom, platformSbom } from "../../../release/sbom";
import packageJson from "../../package.json" with { type: "json" };
import { packageVersion } from "../../src/libs/manifest";
import { root } from "./support";

interface Sbom {
  metadata: { component: { "bom-ref": string; name: string; version: string } };
  components: {
    "bom-ref": string;
    name: string;
    version?: string;
    purl?: string;
    licenses: { expression: string }[];
  }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/** The list, which must fit CycloneDX's schema; everything that it refers to must be in it. */
async function checked(text: string): Promise<Sbom> {
  expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull();
  const sbom = JSON.parse(text) as Sbom;
  const known = [sbom.metadata.component["bom-ref"], ...sbom.components.map((component) => component["bom-ref"])];
  expect(new Set(known).size).toBe(known.length);
  for (const { ref, dependsOn } of sbom.dependencies)
    expect([ref, ...dependsOn].filter((reference) => !known.includes(reference))).toEqual([]);
  expect(sbom.metadata.component.version).toBe(packageVersion);
  return sbom;
}

const names = ({ components }: Sbom) => components.map(({ name }) => name);

test("of an archive has the crates that are linked for its platform, and how they depend on each other", async () => {
  const table = readFileSync(join(root, "THIRD_PARTY.md"), "utf8");
  const [, core] = /^\| temporalio-sdk-core \| (\S+) \|/m.exec(table)!;
  const [, client] = /^\| temporalio-client \| (\S+) \|/m.exec(table)!;
  const linked = new Set([`temporalio-sdk-core v${core}`, `temporalio-client v${client}`, "temporal-bun-core v1.0.0"]);
  const text = archiveSbom("temporal-static-libs-linux-x64", linked);
  expect(archiveSbom("temporal-static-libs-linux-x64", linked)).toBe(text);
  const sbom = await checked(text);
  expect(sbom.components).toMatchObject([
    { name: "temporalio-client", version: client, licenses: [{ expression: "MIT" }] },
    {
      ...{ name: "temporalio-sdk-core", version: core, purl: `pkg:cargo/temporalio-sdk-core@${core}` },
      hashes: [{ alg: "SHA-256", content: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    },
  ]);
  const dependsOn = (reference: string) => sbom.dependencies.find(({ ref }) => ref === reference)?.dependsOn;
  expect(dependsOn(`pkg:cargo/temporalio-sdk-core@${core}`)).toContain(`pkg:cargo/temporalio-client@${client}`);
  expect(dependsOn(sbom.metadata.component["bom-ref"])).toContain(`pkg:cargo/temporalio-sdk-core@${core}`);
  expect((await checked(platformSbom("linux-x64", text))).components).toEqual(sbom.components);
});

test("of a library that wasn't linked from a release has every crate of THIRD_PARTY.md", async () => {
  const sbom = await checked(platformSbom("linux-x64", undefined));
  const [, table = ""] = readFileSync(join(root, "THIRD_PARTY.md"), "utf8").split("## Crates linked into the bridge");
  const rows = [...table.matchAll(/^\| (\S+) \| \d/gm)].map(([, name]) => name!);
  expect(rows.length).toBeGreaterThan(100);
  expect(names(sbom).toSorted()).toEqual(rows.toSorted());
  expect(sbom.metadata.component.name).toBe("temporal-bun-sdk-linux-x64");
});

test("of the SDK's package has what is installed with it, and what is bundled into it", async () => {
  const sbom = await checked(mainSbom());
  expect(names(sbom)).toEqual(
    expect.arrayContaining([
      ...Object.keys(packageJson.dependencies),
      "@sigstore/verify",
      "temporal-bun-sdk-linux-x64",
    ]),
  );
});
