/** Secrets: where they come from, and that they are seen nowhere. */
import { ApplicationFailure, type Logger } from "../../common";
import { issuesText, validate } from "./schema";
import { type ConfiguredService, Secret } from "./service";

/** A text that is shorter isn't looked for: it would be found everywhere. */
const shortestMasked = 4;
const mask = "***";

/** The secrets of an application, to take them out of what leaves it. */
export class Secrets {
  readonly #texts: string[];
  readonly #environment: Environment;

  /** @param environment where those that are known by a variable's name are */
  constructor(values: Iterable<string>, environment: Environment = {}) {
    this.#environment = environment;
    const long = [...new Set(values)].filter(({ length }) => length >= shortestMasked);
    // In JSON too, where some characters look different.
    const forms = long.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
    this.#texts = [...new Set(forms)].sort((a, b) => b.length - a.length);
  }

  /** Secrets as texts. */
  values(secrets: readonly (string | Secret)[]): string[] {
    return secrets.map((one) => (one instanceof Secret ? this.#environment[one.variable]! : one));
  }

  /** Whether a text has one in it. */
  isIn(text: string): boolean {
    return this.#texts.some((secret) => text.includes(secret));
  }

  /** A text without them. */
  mask(text: string): string {
    return this.#texts.reduce((masked, secret) => masked.replaceAll(secret, mask), text);
  }

  /** A value without them; as JSON has it, if it has any. */
  maskValue<T>(value: T): T {
    if (this.#texts.length === 0) return value;
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch {
      // Whether there is a secret in it can't be told, so it doesn't leave.
      return mask as T;
    }
    return text === undefined || !this.isIn(text) ? value : (JSON.parse(this.mask(text)) as T);
  }

  /** An error without them, in its causes too. */
  maskError(error: unknown): unknown {
    if (this.#texts.length === 0) return error;
    const failure = ApplicationFailure.fromError(error);
    const { message, type, nonRetryable, details, cause, nextRetryDelay, category, stack } = failure;
    const masked = ApplicationFailure.create({
      message: this.mask(message),
      type: type ?? undefined,
      nonRetryable: nonRetryable ?? false,
      details: this.maskValue(details ?? []),
      cause: cause === undefined ? undefined : (this.maskError(cause) as Error),
      nextRetryDelay: nextRetryDelay ?? undefined,
      category: category ?? undefined,
    });
    masked.stack = this.mask(stack ?? "");
    return masked;
  }

  /** A logger that masks what it is given. */
  maskLogger(logger: Logger): Logger {
    if (this.#texts.length === 0) return logger;
    const log: Logger["log"] = (level, message, meta) => logger.log(level, this.mask(message), this.maskValue(meta));
    return {
      log,
      trace: (message, meta) => log("TRACE", message, meta),
      debug: (message, meta) => log("DEBUG", message, meta),
      info: (message, meta) => log("INFO", message, meta),
      warn: (message, meta) => log("WARN", message, meta),
      error: (message, meta) => log("ERROR", message, meta),
    };
  }
}

type Environment = Record<string, string | undefined>;

/** A part of an application that has secrets. */
export interface SecretsOf {
  /** What the error calls it, such as `the service 'bank'`. */
  readonly what: string;
  /** Texts and secrets, at whatever depth. */
  readonly config: unknown;
}

/**
 * The secrets of an application.
 *
 * @throws TypeError that names all variables that aren't set
 */
export function readSecrets(parts: readonly SecretsOf[], environment: Environment): Secrets {
  const wanted = parts.flatMap(({ what, config }) => secretsIn(config).map(({ variable }) => ({ variable, what })));
  const missing = wanted.filter(({ variable }) => !environment[variable]);
  if (missing.length > 0) {
    const listed = missing.map(({ variable, what }) => `${variable} (for ${what})`);
    throw new TypeError(`These environment variables aren't set: ${listed.join(", ")}`);
  }
  const known = Object.fromEntries(wanted.map(({ variable }) => [variable, environment[variable]!]));
  return new Secrets(Object.values(known), known);
}

/**
 * The configuration of each service, with the environment's values in the place of secrets.
 *
 * @throws TypeError that names everything that the schemas find wrong
 */
export async function configurations(
  configured: readonly ConfiguredService[],
  environment: Environment,
  secrets: Secrets,
): Promise<unknown[]> {
  const problems: string[] = [];
  const checked = configured.map(async ({ service, config }) => {
    const complete = replaced(config, environment);
    if (service.options.config === undefined) return complete;
    const result = await validate(service.options.config, complete);
    if (!("issues" in result)) return result.value;
    problems.push(`configuration of the service '${service.id}': ${issuesText(result.issues)}`);
  });
  const values = await Promise.all(checked);
  if (problems.length > 0) throw new TypeError(secrets.mask(problems.join("; ")));
  return values;
}

function secretsIn(config: unknown): Secret[] {
  if (config instanceof Secret) return [config];
  return typeof config === "object" && config !== null ? Object.values(config).flatMap(secretsIn) : [];
}

function replaced(config: unknown, environment: Environment): unknown {
  if (config instanceof Secret) return environment[config.variable];
  if (typeof config !== "object" || config === null) return config;
  if (Array.isArray(config)) return config.map((part) => replaced(part, environment));
  return Object.fromEntries(Object.entries(config).map(([key, part]) => [key, replaced(part, environment)]));
}
