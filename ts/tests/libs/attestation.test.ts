/** An archive is only taken when the release workflow says that it has built it. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkAttestation } from "../../src/libs/attestation";
import { resolveConfiguration } from "../../src/libs/configuration";
import { archiveName, attestationName, releaseTag } from "../../src/libs/manifest";
import { Program, run } from "../support/process";
import { type ReleasesServer, startReleasesServer } from "../support/releases-server";
import { type Attestation, releaseSigner, startSigstore } from "../support/sigstore";
import {
  failure,
  makeArchive,
  makeClient,
  publish,
  removeTemporaryFolders,
  root,
  sha256,
  temporaryFolder,
} from "./support";

afterEach(removeTemporaryFolders);

const repository = "Example/temporal-bun";
const version = "0.1.0";
const name = archiveName(version, "linux-x64");
const bundleName = attestationName(version, "linux-x64");
const digest = sha256("the archive");
const archive = { name, sha256: digest, version };
let sigstore: Awaited<ReturnType<typeof startSigstore>>;

beforeAll(async () => {
  sigstore = await startSigstore();
});

const attest = (change: Partial<Attestation> = {}) =>
  sigstore.attest({ name, sha256: digest, signer: releaseSigner(repository, `release/${version}`), ...change });
const check = (bundle: string, trustedRoot = sigstore.trustedRoot) =>
  checkAttestation(bundle, archive, repository, trustedRoot);

describe("an attestation", () => {
  test.each([`release/${version}`, "main"])("of the release workflow on %s is good", async (branch) => {
    await check(await attest({ signer: releaseSigner(repository, branch) }));
    // GitHub writes the repository in its own case.
    await check(await attest({ signer: releaseSigner(repository.toLowerCase(), branch) }));
  });

  test.each<[string, Partial<Attestation>, string]>([
    ["of another repository", { signer: releaseSigner("mallory/temporal-bun", "main") }, "mallory/temporal-bun"],
    ["of a repository whose name begins alike", { signer: releaseSigner(`${repository}-x`, "main") }, "-x/.github"],
    [
      "of another workflow",
      { signer: `https://github.com/${repository}/.github/workflows/other.yml@refs/heads/main` },
      "other.yml",
    ],
    ["of another branch", { signer: releaseSigner(repository, "main-2") }, "main-2"],
    ["of another version's branch", { signer: releaseSigner(repository, "release/0.2.0") }, "release/0.2.0"],
    ["by another issuer", { issuer: "https://issuer.example" }, "https://issuer.example"],
    ["for other bytes", { sha256: sha256("another archive") }, sha256("another archive")],
    ["for another file", { name: archiveName(version, "linux-arm64") }, "of other files"],
    ["that states something else", { predicateType: "https://spdx.dev/Document" }, "https://spdx.dev/Document"],
  ])("%s is refused", async (_title, change, said) => {
    expect((await failure(check(await attest(change)), "not-attested")).message).toContain(said);
  });

  test("that was changed afterwards is refused", async () => {
    const bundle = JSON.parse(await attest({ sha256: sha256("another archive") }));
    const statement = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
    bundle.dsseEnvelope.payload = Buffer.from(statement.replace(sha256("another archive"), digest)).toString("base64");
    await failure(check(JSON.stringify(bundle)), "not-attested");
  });

  test("with the certificate of another attestation is refused", async () => {
    const bundle = JSON.parse(await attest());
    const other = JSON.parse(await attest());
    bundle.verificationMaterial.certificate = other.verificationMaterial.certificate;
    await failure(check(JSON.stringify(bundle)), "not-attested");
  });

  test("that no log has is refused", async () => {
    const bundle = JSON.parse(await attest());
    bundle.verificationMaterial.tlogEntries = [];
    await failure(check(JSON.stringify(bundle)), "not-attested");
  });

  test("of an authority that nobody knows is refused", async () => {
    await failure(check(await attest(), (await startSigstore()).trustedRoot), "not-attested");
    await failure(checkAttestation(await attest(), archive, repository), "not-attested");
  });

  test.each(["", "{}", "[]", "null", "not json", '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'])(
    "that is none is refused: %j",
    async (text) => {
      expect((await failure(check(text), "not-attested")).message).toContain("can't be verified");
    },
  );
});

describe("a download", () => {
  /** A server with an archive whose checksum matches, and what is beside it. */
  async function release(bundle?: (sha256: string) => Promise<string>): Promise<ReleasesServer> {
    const server = await startReleasesServer();
    const { bytes } = publish(server);
    if (bundle === undefined) return server;
    const { bytes: other } = makeArchive();
    expect(other).toEqual(bytes);
    const files = { [bundleName]: Buffer.from(await bundle(sha256(bytes))) };
    const checksum = Buffer.from(`${sha256(bytes)}  ${name}\n`);
    server.publish(releaseTag(version), { files: { [name]: bytes, [`${name}.sha256`]: checksum, ...files } });
    return server;
  }
  const client = (server: ReleasesServer) =>
    makeClient({ baseUrl: server.baseUrl, version, repository }, { trustedRoot: sigstore.trustedRoot });

  test("with an attestation is taken", async () => {
    await using server = await release((actual) => attest({ sha256: actual }));
    const { client: taking } = client(server);
    expect(existsSync((await taking.provide("linux-x64")).folder)).toBe(true);
  });

  test("that was tampered with, beside which is a matching checksum and the true attestation, is refused", async () => {
    await using server = await release(() => attest());
    const { client: refusing, cacheDir } = client(server);
    const error = await failure(refusing.provide("linux-x64"), "not-attested");
    expect(error.message).toContain(`is for SHA-256 ${digest}, but the archive has`);
    expect(existsSync(join(cacheDir, `v${version}`))).toBe(false);
    expect(server.requests.some(({ file }) => file === name)).toBe(false);
  });

  test("without an attestation is refused", async () => {
    await using server = await release();
    const error = await failure(client(server).client.provide("linux-x64"), "not-attested");
    expect(error.message).toContain(`has no ${bundleName}`);
  });

  test("by nobody knows whom is taken, and that is said", async () => {
    await using server = await release();
    const { client: taking, messages } = makeClient({ baseUrl: server.baseUrl, version });
    await taking.provide("linux-x64");
    expect(messages.join("\n")).toContain("set TEMPORAL_LIBS_REPOSITORY to owner/name");
  });

  test("of the command, which believes Sigstore's public instance alone", async () => {
    await using server = await release((actual) => attest({ sha256: actual }));
    const cache = join(temporaryFolder(), "cache");
    const command = [process.execPath, join(root, "release/download-temporal-libs.ts"), "download", version];
    const env = {
      ...process.env,
      ...{ TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cache },
    };
    const platform = ["--platform", "linux-x64"];
    await using refused = new Program([...command, ...platform], {
      env: { ...env, TEMPORAL_LIBS_REPOSITORY: repository },
    });
    expect((await refused.ends(1)).errors).toContain(`The attestation of ${name} can't be verified`);
    expect(existsSync(join(cache, `v${version}`))).toBe(false);
    await using wrong = new Program([...command, ...platform], { env: { ...env, TEMPORAL_LIBS_REPOSITORY: "x" } });
    expect((await wrong.ends(1)).errors).toContain('The repository "x" is not owner/name');
  });
});

test("whose attestation is asked for: what is configured, else the repository that releases are at", () => {
  const github = "https://api.github.com/repos/owner/name";
  const attestedBy = (config: object, environment = {}) => resolveConfiguration(config, environment).attestedBy;
  expect(attestedBy({ baseUrl: github })).toBe("owner/name");
  expect(attestedBy({ baseUrl: github, repository: "a/b" })).toBe("a/b");
  expect(attestedBy({ baseUrl: "https://mirror.example" }, { TEMPORAL_LIBS_REPOSITORY: "a/b" })).toBe("a/b");
  expect(attestedBy({ baseUrl: "https://mirror.example" })).toBeUndefined();
});

test("the verifier is the one that the pinned packages make", async () => {
  await run([process.execPath, join(root, "ts/scripts/sigstore.ts"), "--check"]);
});
