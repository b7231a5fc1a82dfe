/**
 * How webhooks are known to come from whom they say: `auth.github`, `auth.stripe` and the others. Signatures are those
 * of the bytes as they arrived, compared in constant time. Times may be five minutes off. A secret may be a list, for
 * the time in which one takes the other's place.
 */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import type { Duration } from "../../../common";
import { positiveMs } from "../definition";
import { Secret } from "../service";

/** What arrived. */
export interface Received {
  readonly headers: Headers;
  /** The body, byte for byte. */
  readonly body: Uint8Array;
  /** When it arrived: milliseconds since the epoch. */
  readonly at: number;
}

/** A secret, or several of which any counts: those of `secret("VARIABLE")` are read when the application is made. */
export type AuthSecret = string | Secret | readonly (string | Secret)[];

/** A way to know who sends. The functions of this module make it. */
export interface Auth {
  /** Name of the way, for logs. */
  readonly scheme: string;
  readonly secrets: readonly (string | Secret)[];
  /** Throws a TypeError for a secret of another form than the way of signing has. */
  requireForm?(secret: string): void;
  /**
   * What is wrong, for log and metric alone; undefined if nothing is. One of a few texts, because it is the value of a
   * label, and without anything of what arrived.
   */
  refusal(received: Received, secrets: readonly string[]): string | undefined;
  /** What the sender calls this delivery, which is the same when it sends it again. */
  deliveryId?(headers: Headers, body: unknown): string | undefined;
  /** An answer that the sender wants before it sends anything else. */
  greeting?(body: unknown): unknown;
}

/** Options of schemes whose signature covers a time. */
export interface TimedOptions {
  /** How far the sender's time may be from this machine's. Default 5 minutes. */
  tolerance?: Duration;
}

/** GitHub's: `X-Hub-Signature-256`. It has no time; a delivery that is sent again has the same id. */
export function github({ secret }: { secret: AuthSecret }): Auth {
  return {
    ...hmac({ secret: listed(secret, "github"), header: "x-hub-signature-256", prefix: "sha256=" }),
    scheme: "github",
    deliveryId: (headers) => headers.get("x-github-delivery") ?? undefined,
  };
}

/** Stripe's: `Stripe-Signature`. The delivery's id is that of the event. */
export function stripe({ secret, tolerance }: { secret: AuthSecret } & TimedOptions): Auth {
  const window = windowOf(tolerance);
  return {
    scheme: "stripe",
    secrets: listed(secret, "stripe"),
    refusal: ({ headers, body, at }, secrets) => {
      const parts = (headers.get("stripe-signature") ?? "").split(",").map((part) => part.trim().split("=", 2));
      const time = parts.find(([key]) => key === "t")?.[1];
      const given = parts.flatMap(([key, value]) => (key === "v1" && value !== undefined ? [value] : []));
      return (
        stale(time, at, window) ?? unsigned(given, secrets, (key) => digest("sha256", key, `${time}.`, body, "hex"))
      );
    },
    deliveryId: (_, body) => textIn(body, "id"),
  };
}

/** Slack's: `X-Slack-Signature`. Its first request, which asks for the challenge back, gets it. */
export function slack({ secret, tolerance }: { secret: AuthSecret } & TimedOptions): Auth {
  const window = windowOf(tolerance);
  return {
    scheme: "slack",
    secrets: listed(secret, "slack"),
    refusal: ({ headers, body, at }, secrets) => {
      const time = headers.get("x-slack-request-timestamp") ?? undefined;
      const given = [headers.get("x-slack-signature") ?? ""];
      const expected = (key: string) => `v0=${digest("sha256", key, `v0:${time}:`, body, "hex")}`;
      return stale(time, at, window) ?? unsigned(given, secrets, expected);
    },
    deliveryId: (_, body) => textIn(body, "event_id"),
    greeting: (body) => {
      const challenge = textIn(body, "type") === "url_verification" ? textIn(body, "challenge") : undefined;
      return challenge === undefined ? undefined : { challenge };
    },
  };
}

/**
 * Standard Webhooks (https://www.standardwebhooks.com): secrets that begin with `whsec_`, or public keys that begin with
 * `whpk_`. Any of the signatures may be the right one.
 *
 * @throws TypeError if a secret that is given as a text has another form
 */
export function standardWebhooks({ secret, tolerance }: { secret: AuthSecret } & TimedOptions): Auth {
  const window = windowOf(tolerance);
  const secrets = listed(secret, "standardWebhooks");
  for (const one of secrets) if (typeof one === "string") keyOf(one);
  return {
    scheme: "standardWebhooks",
    secrets,
    requireForm: keyOf,
    refusal: ({ headers, body, at }, keys) => {
      const id = headers.get("webhook-id");
      const time = headers.get("webhook-timestamp") ?? undefined;
      if (!id) return "no webhook-id";
      const late = stale(time, at, window);
      if (late !== undefined) return late;
      const signatures = (headers.get("webhook-signature") ?? "").split(" ").map((one) => one.split(",", 2));
      const signed = Buffer.concat([Buffer.from(`${id}.${time}.`), body]);
      const isSigned = keys.map(keyOf).some(({ version, key }) =>
        signatures.some(([given, value = ""]) => {
          if (given !== version) return false;
          if (version === "v1") return same(value, createHmac("sha256", key).update(signed).digest("base64"));
          const signature = Buffer.from(value, "base64");
          return signature.length === 64 && verify(null, signed, publicKey(key), signature);
        }),
      );
      return isSigned ? undefined : "no signature is right";
    },
    deliveryId: (headers) => headers.get("webhook-id") ?? undefined,
  };
}

/** Options of {@link hmac}. */
export interface HmacOptions extends TimedOptions {
  secret: AuthSecret;
  /** Header with the signature. */
  header: string;
  /** Default `"sha256"`. */
  algorithm?: "sha1" | "sha256" | "sha512";
  /** How the signature is written. Default `"hex"`. */
  encoding?: "hex" | "base64";
  /** What stands before the signature in the header, such as `"sha256="`. Default: nothing. */
  prefix?: string;
  /** Header with seconds since the epoch, which stand before a dot and the body in what is signed. Default: none. */
  timestampHeader?: string;
}

/** Any other signature by a shared secret, of the body or of a time and the body. */
export function hmac(options: HmacOptions): Auth {
  const { secret, header, algorithm = "sha256", encoding = "hex", prefix = "", timestampHeader } = options;
  const window = windowOf(options.tolerance);
  return {
    scheme: "hmac",
    secrets: listed(secret, "hmac"),
    refusal: ({ headers, body, at }, secrets) => {
      const time = timestampHeader === undefined ? undefined : (headers.get(timestampHeader) ?? undefined);
      const late = timestampHeader === undefined ? undefined : stale(time, at, window);
      const before = timestampHeader === undefined ? "" : `${time}.`;
      const expected = (key: string) => prefix + digest(algorithm, key, before, body, encoding);
      return late ?? unsigned([headers.get(header) ?? ""], secrets, expected);
    },
  };
}

/** A token in `Authorization: Bearer`. */
export function bearer({ token }: { token: AuthSecret }): Auth {
  return {
    scheme: "bearer",
    secrets: listed(token, "bearer"),
    refusal: ({ headers }, tokens) => unsigned([credentials(headers, "bearer")], tokens, (key) => key),
  };
}

/** A user's name and password in `Authorization: Basic`. */
export function basic({ user, password }: { user: string; password: AuthSecret }): Auth {
  return {
    scheme: "basic",
    secrets: listed(password, "basic"),
    refusal: ({ headers }, passwords) => {
      const given = Buffer.from(credentials(headers, "basic"), "base64").toString();
      return unsigned([given], passwords, (key) => `${user}:${key}`);
    },
  };
}

function listed(secret: AuthSecret, scheme: string): readonly (string | Secret)[] {
  const secrets = Array.isArray(secret) ? (secret as readonly (string | Secret)[]) : [secret as string | Secret];
  const isOne = (one: unknown) => one instanceof Secret || (typeof one === "string" && one !== "");
  if (secrets.length === 0 || !secrets.every(isOne))
    throw new TypeError(
      `auth.${scheme} needs a secret: a text that isn't empty, secret("VARIABLE"), or a list of these`,
    );
  return secrets;
}

function windowOf(tolerance: Duration | undefined): number {
  return tolerance === undefined ? 300_000 : positiveMs(tolerance, "tolerance");
}

/** What is wrong with a time in seconds. */
function stale(seconds: string | undefined, at: number, window: number): string | undefined {
  if (seconds === undefined || !/^\d{1,15}$/.test(seconds)) return "no time";
  const off = Number(seconds) * 1000 - at;
  if (Math.abs(off) <= window) return undefined;
  return `the time is more than ${window / 1000} s ${off < 0 ? "ago" : "ahead"}`;
}

function unsigned(
  given: readonly string[],
  secrets: readonly string[],
  expected: (secret: string) => string,
): string | undefined {
  if (given.every((one) => one === "")) return "no signature";
  // Every pair is compared, whichever is right.
  const right = secrets.flatMap((secret) => given.map((one) => same(one, expected(secret)))).filter(Boolean);
  return right.length > 0 ? undefined : "the signature is wrong";
}

/** Whether texts are the same, in a time that says nothing of where they differ. */
function same(given: string, expected: string): boolean {
  const [left, right] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(left!, right!);
}

function digest(algorithm: string, key: string, before: string, body: Uint8Array, encoding: "hex" | "base64"): string {
  return createHmac(algorithm, key).update(before).update(body).digest(encoding);
}

function credentials(headers: Headers, scheme: string): string {
  const [given = "", value = ""] = (headers.get("authorization") ?? "").split(" ", 2);
  return given.toLowerCase() === scheme ? value : "";
}

function keyOf(secret: string): { version: "v1" | "v1a"; key: Buffer } {
  const [, kind, text = ""] = /^(whsec|whpk)_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const key = Buffer.from(text, "base64");
  if (kind === "whsec" && key.length > 0) return { version: "v1", key };
  if (kind === "whpk" && key.length === 32) return { version: "v1a", key };
  throw new TypeError(
    'A secret of auth.standardWebhooks is "whsec_" and base64, or "whpk_" and 32 bytes in base64 for a public key',
  );
}

/** An ed25519 key, with what stands before one in SubjectPublicKeyInfo. */
function publicKey(key: Buffer) {
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key]);
  return createPublicKey({ key: der, format: "der", type: "spki" });
}

function textIn(body: unknown, field: string): string | undefined {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, field)) return undefined;
  const value = (body as Record<string, unknown>)[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}
