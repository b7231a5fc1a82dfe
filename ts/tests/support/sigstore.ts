/** A Sigstore of the tests' own: an authority for certificates and its logs, which attest what they are told to. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
// Not the package's own entry, which changes how this process sends requests.
import { initializeCA, initializeCTLog } from "@sigstore/mock/dist/fulcio/index.js";
import { initializeTLog } from "@sigstore/mock/dist/rekor/index.js";

/** What an attestation says, and who signs it. What is left out is as the release workflow does it. */
export interface Attestation {
  name: string;
  sha256: string;
  /** What the certificate names: the workflow and the branch. */
  signer: string;
  issuer?: string;
  predicateType?: string;
}

/** As the log answers. */
interface LogEntry {
  body: string;
  integratedTime: number;
  logID: string;
  logIndex: number;
  verification: { inclusionProof: { rootHash: string; checkpoint: string }; signedEntryTimestamp: string };
}

const payloadType = "application/vnd.in-toto+json";
const base64 = (bytes: ArrayBufferView | string) =>
  typeof bytes === "string"
    ? Buffer.from(bytes).toString("base64")
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
const keyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const hash = (bytes: ArrayBufferView | string) =>
  createHash("sha256").update(
    typeof bytes === "string" ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  );

/** By whom the release workflow of a repository signs. */
export const releaseSigner = (repository: string, branch: string) =>
  `https://github.com/${repository}/.github/workflows/temporal-static-libraries.yml@refs/heads/${branch}`;

/** A Sigstore with keys of its own. */
export async function startSigstore() {
  const ctLog = await initializeCTLog(keyPair());
  const authority = await initializeCA(keyPair(), ctLog);
  const log = await initializeTLog("https://rekor.test", keyPair());
  const key = (rawBytes: string) => ({
    ...{ rawBytes, keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: { start: "2020-01-01T00:00:00Z" } },
  });
  const logOf = (publicKey: ArrayBufferView) => ({
    ...{ hashAlgorithm: "SHA2_256", publicKey: key(base64(publicKey)) },
    logId: { keyId: hash(publicKey).digest("base64") },
  });
  /** What those believe who trust it. */
  const trustedRoot = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [{ ...logOf(log.publicKey), baseUrl: "https://rekor.test" }],
    ctlogs: [{ ...logOf(ctLog.publicKey), baseUrl: "https://ctfe.test" }],
    certificateAuthorities: [
      {
        uri: "https://fulcio.test",
        certChain: { certificates: [{ rawBytes: base64(authority.rootCertificate) }] },
        validFor: { start: "2020-01-01T00:00:00Z" },
      },
    ],
    timestampAuthorities: [],
  };

  /** A bundle as `actions/attest-build-provenance` writes it. */
  async function attest({ name, sha256, signer, ...rest }: Attestation): Promise<string> {
    const { issuer = "https://token.actions.githubusercontent.com" } = rest;
    const { predicateType = "https://slsa.dev/provenance/v1" } = rest;
    const payload = JSON.stringify({
      ...{ _type: "https://in-toto.io/Statement/v1", subject: [{ name, digest: { sha256 } }], predicateType },
      predicate: {},
    });
    const { publicKey, privateKey } = keyPair();
    const certificate = await authority.issueCertificate({
      publicKey: publicKey.export({ format: "der", type: "spki" }),
      subjectAltName: signer,
      extensions: [{ oid: "1.3.6.1.4.1.57264.1.8", value: issuer }],
    });
    const signed = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} ${payload}`;
    const signature = sign("sha256", Buffer.from(signed), privateKey).toString("base64");
    const envelope = { payload: base64(payload), payloadType, signatures: [{ sig: signature, keyid: "" }] };
    const verifier = base64(`-----BEGIN CERTIFICATE-----\n${base64(certificate)}\n-----END CERTIFICATE-----\n`);
    const logged = await log.log({
      ...{ apiVersion: "0.0.1", kind: "dsse" },
      spec: {
        envelopeHash: { algorithm: "sha256", value: hash(JSON.stringify(envelope)).digest("hex") },
        payloadHash: { algorithm: "sha256", value: hash(payload).digest("hex") },
        signatures: [{ signature, verifier }],
      },
    });
    const [entry] = Object.values(logged) as LogEntry[];
    const { inclusionProof, signedEntryTimestamp } = entry!.verification;
    return JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        certificate: { rawBytes: base64(certificate) },
        tlogEntries: [
          {
            ...{ logIndex: String(entry!.logIndex), integratedTime: String(entry!.integratedTime) },
            logId: { keyId: Buffer.from(entry!.logID, "hex").toString("base64") },
            kindVersion: { kind: "dsse", version: "0.0.1" },
            inclusionPromise: { signedEntryTimestamp },
            inclusionProof: {
              ...{ logIndex: "0", treeSize: "1", hashes: [] },
              rootHash: Buffer.from(inclusionProof.rootHash, "hex").toString("base64"),
              checkpoint: { envelope: inclusionProof.checkpoint },
            },
            canonicalizedBody: entry!.body,
          },
        ],
      },
      dsseEnvelope: envelope,
    });
  }

  return { trustedRoot, attest };
}
