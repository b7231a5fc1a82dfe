/**
 * Where an archive comes from. A checksum beside an archive comes from whoever put the archive there: it says nothing
 * of that. Beside it is also a Sigstore bundle: a statement with the archive's name and SHA-256, signed in the run of a
 * workflow with a certificate that names the repository, the workflow and the branch, and written into a public log.
 */
import { LibsError, reasonOf } from "./error";

/** The one workflow that builds what is released, and the branches from which it does. */
const workflow = ".github/workflows/temporal-static-libraries.yml";
const issuer = "https://token.actions.githubusercontent.com";
const provenance = "https://slsa.dev/provenance/v1";

/** What a statement has to be about. */
interface Attested {
  /** The archive's file name. */
  name: string;
  /** In hexadecimal digits. */
  sha256: string;
  /** Without `v`. */
  version: string;
}

/**
 * Fails with a {@link LibsError} `not-attested` unless `text` is a bundle by which the release workflow of `repository`
 * says that it has built the archive.
 *
 * @param repository `owner/name` on GitHub
 * @param trustedRoot keys and certificates that are believed. Default: those of Sigstore's public instance
 */
export async function checkAttestation(
  text: string,
  archive: Attested,
  repository: string,
  trustedRoot?: object,
): Promise<void> {
  const refused = (what: string, cause?: unknown) => notAttested(`The attestation of ${archive.name} ${what}`, cause);
  // A hundred kilobytes, which nothing else needs.
  const { publicRoot, verify } = await import("./sigstore.generated.js");
  let verified: ReturnType<typeof verify>;
  let statement: Statement;
  try {
    verified = verify(JSON.parse(text), trustedRoot ?? publicRoot);
    statement = JSON.parse(verified.statement) as Statement;
  } catch (error) {
    throw refused(`can't be verified: ${reasonOf(error)}`, error);
  }
  const signers = signersOf(repository, archive.version);
  const signer = verified.signer ?? "";
  // GitHub takes owner and name in any case, and writes them in its own.
  if (verified.issuer !== issuer || !signers.some((known) => known.toLowerCase() === signer.toLowerCase()))
    throw refused(`is signed by ${JSON.stringify(signer)} of ${verified.issuer}, not by ${signers.join(" or ")}`);
  if (statement.predicateType !== provenance)
    throw refused(`is no statement of provenance, but ${statement.predicateType}`);
  const subject = statement.subject?.find(({ name }) => name === archive.name);
  if (subject?.digest?.["sha256"] !== archive.sha256)
    throw refused(
      `is for SHA-256 ${subject?.digest?.["sha256"] ?? "of other files"}, but the archive has ${archive.sha256}`,
    );
}

interface Statement {
  predicateType?: string;
  subject?: { name?: string; digest?: Record<string, string> }[];
}

/** By whom a certificate may be: releases are built on the branch of their version, before it is merged, or on main. */
function signersOf(repository: string, version: string): string[] {
  const branches = [`release/${version}`, "main"];
  return branches.map((branch) => `https://github.com/${repository}/${workflow}@refs/heads/${branch}`);
}

/** The failure of an archive of which it isn't certain who built it. */
export function notAttested(what: string, cause?: unknown): LibsError {
  return new LibsError(
    "not-attested",
    what,
    "to verify by whom the archive was built, before it is downloaded",
    "do not use this release, and report it: somebody else than the project's release workflow may have put it there; Core can be compiled with `zig build`",
    cause,
  );
}
