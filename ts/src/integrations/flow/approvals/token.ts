/** Tokens by which a person decides: each is for one wait of one run, signed, and over at a time. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Secret } from "../service";

/** What a token is for. */
export interface Wait {
  flow: string;
  workflowId: string;
  /** Id of the first run of the Workflow's chain. */
  run: string;
  /** The verb with the turns around it. */
  path: string;
  /** When it is over, in milliseconds since the epoch. */
  until?: number;
}

/** A token that can't be used, and why. */
export class TokenRefused extends Error {
  constructor(
    message: string,
    /** Whether it was good once. */
    readonly isOver: boolean,
  ) {
    super(message);
  }
}

/** The run has been told, by this link or another way, or waits no more. */
export function isOverAlready(): TokenRefused {
  return new TokenRefused("It has been decided, or isn't waited for any more", true);
}

const shortestKey = 32;
const version = "v1";

/**
 * The keys that sign tokens: the first one signs, all of them count.
 *
 * @throws TypeError if there is none, or one is too short
 */
export function readSigningKeys(
  given: readonly (string | Secret)[] | undefined,
  environment: Record<string, string | undefined>,
): string[] {
  const fromEnvironment = environment["FLOW_SIGNING_KEY"]?.split(",") ?? [];
  const keys =
    given?.map((key) => (key instanceof Secret ? (environment[key.variable] ?? "") : key)) ?? fromEnvironment;
  const fix = "set FLOW_SIGNING_KEY, or the option signingKeys, to a random text such as `openssl rand -hex 32` prints";
  if (keys.length === 0)
    throw new TypeError(`A flow waits for a person, and there is no key to sign links with: ${fix}`);
  if (keys.some((key) => Buffer.byteLength(key) < shortestKey))
    throw new TypeError(`A signing key has less than ${shortestKey} bytes: ${fix}`);
  return keys;
}

/** Makes a token. */
export function signWait([key = ""]: readonly string[], { flow, workflowId, run, path, until }: Wait): string {
  const content = Buffer.from(JSON.stringify([flow, workflowId, run, path, until ?? null])).toString("base64url");
  return `${version}.${content}.${signature(key, content)}`;
}

/** What a token is for. @throws TokenRefused if it is no token of these keys, or over */
export function waitOf(keys: readonly string[], token: string, now: number): Wait {
  const [given, content = "", signed = "", ...more] = token.split(".");
  const right = keys.filter((key) => same(signed, signature(key, content)));
  if (given !== version || more.length > 0 || right.length === 0)
    throw new TokenRefused("This link isn't right", false);
  const [flow, workflowId, run, path, until] = JSON.parse(Buffer.from(content, "base64url").toString());
  if (until !== null && until <= now) throw new TokenRefused("The time to decide is over", true);
  return { flow, workflowId, run, path, ...(until === null ? {} : { until }) };
}

function signature(key: string, content: string): string {
  return createHmac("sha256", key).update(`${version}.${content}`).digest("base64url");
}

function same(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
