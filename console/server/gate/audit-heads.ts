/**
 * Signed heads of the audit log: who cuts off its end, or writes it anew from some entry on, has no key to sign what is
 * the head then. They are also written to the output, of which others have copies.
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Store } from "../store/store";
import { type Damage, verifyChain } from "./audit";

interface SignedHead {
  seq: number;
  hash: string;
  at: string;
  signature: string;
}

const kind = "audit-head";

/** The file of the key of a store; none for one in memory. */
export const keyPath = (store: string): string | undefined => (store === ":memory:" ? undefined : `${store}.key`);

/** The key in a file, which is made if it isn't there; one of this process alone without a path. */
export function auditKey(path: string | undefined): KeyObject {
  if (path !== undefined && existsSync(path)) return createPrivateKey(readFileSync(path));
  const { privateKey } = generateKeyPairSync("ed25519");
  if (path !== undefined)
    writeFileSync(path, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
  return privateKey;
}

const signedText = ({ seq, hash, at }: Omit<SignedHead, "signature">) => Buffer.from(`${seq} ${hash} ${at}`);

/** Signs the head as it is now, and keeps that. Returns the line for the output. */
export async function signHead(store: Store, key: KeyObject, head: { seq: number; hash: string }): Promise<string> {
  const at = new Date().toISOString();
  const signature = sign(null, signedText({ ...head, at }), key).toString("base64");
  const id = String(head.seq).padStart(15, "0");
  const known = await store.get<SignedHead>(kind, id);
  if (known === undefined) {
    const body: SignedHead = { ...head, at, signature };
    // Another console may have signed the same head just now: one signature is enough.
    await store.put({ kind, id, rev: 0, k1: "", k2: "", body }).catch(() => {});
  }
  return `audit head ${head.seq} ${head.hash} ${at} ${signature}`;
}

/** Verifies the chain, and that each signed head is still in it. */
export async function verifyAudit(store: Store, key: KeyObject): Promise<{ entries: number; damages: Damage[] }> {
  const { entries, damages } = await verifyChain(store);
  const publicKey = createPublicKey(key);
  let cursor: string | undefined;
  do {
    const page = await store.list<SignedHead>(kind, { cursor });
    for (const { body } of page.items) {
      if (!verify(null, signedText(body), publicKey, Buffer.from(body.signature, "base64")))
        damages.push({ seq: body.seq, problem: "the signature of this head is not by this console's key" });
      if (body.seq === 0) continue;
      const [record] = await store.read({ from: body.seq, limit: 1 });
      if (record?.seq !== body.seq)
        damages.push({ seq: body.seq, problem: `it was the head at ${body.at}, and is not there: the log was cut` });
      else if (record.hash !== body.hash)
        damages.push({ seq: body.seq, problem: `it is another entry than the one that was the head at ${body.at}` });
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return { entries, damages };
}
