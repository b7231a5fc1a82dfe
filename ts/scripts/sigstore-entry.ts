/** What `src/libs/attestation.ts` needs of Sigstore's packages; `scripts/sigstore.ts` makes one file of it. */
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

/**
 * Verifies that what a bundle carries was signed with a certificate of one of the root's authorities, at a time when it
 * was valid, and that a transparency log of the root has it.
 */
export function verify(bundleJson: unknown, rootJson: unknown) {
  const bundle = bundleFromJSON(bundleJson);
  const { content } = bundle;
  if (content.$case !== "dsseEnvelope") throw new Error("it has no statement");
  const root = toTrustMaterial(TrustedRoot.fromJSON(rootJson));
  const { identity } = new Verifier(root).verify(toSignedEntity(bundle));
  return {
    statement: content.dsseEnvelope.payload.toString(),
    signer: identity?.subjectAlternativeName,
    issuer: identity?.extensions?.issuer,
  };
}
