/** Written by hand: what `scripts/sigstore-entry.ts` exports. */
export function verify(
  bundleJson: unknown,
  rootJson: unknown,
): { statement: string; signer: string | undefined; issuer: string | undefined };

/** The keys and certificates of Sigstore's public instance. */
export const publicRoot: object;
