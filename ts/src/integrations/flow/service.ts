/** Services: what steps use of other systems, with a configuration that is checked before a Worker starts. */
import type { Duration } from "../../common";
import { msToNumber } from "../../common/time";
import type { StandardSchema } from "./schema";

/** A value of the environment that must not be seen: see {@link secret}. */
export class Secret {
  /** @param variable name of the environment variable */
  constructor(readonly variable: string) {}
}

/**
 * A value that is read from the environment when an application is made. It is in no plan and no history, and is masked
 * in failures and logs.
 *
 * @param variable name of the environment variable
 */
export function secret(variable: string): Secret {
  return new Secret(variable);
}

/** A configuration in which secrets may stand for texts. */
export type WithSecrets<T> = T extends string
  ? T | Secret
  : T extends object
    ? { [K in keyof T]: WithSecrets<T[K]> }
    : T;

/** When calls of a service are held back because it fails. */
export interface BreakerOptions {
  /** Failures in a row that open the breaker. */
  failures: number;
  /** Time until a call is tried again. */
  cooldown: Duration;
}

/** Options of {@link service}. */
export interface ServiceOptions<Config, Actions> {
  /** The service's id. */
  id: string;
  /** Checks the configuration. */
  config?: StandardSchema<any, Config>;
  /** Makes what steps see as `ctx.services.<name>`. Called once per application, when it starts. */
  create: (config: Config) => Actions | Promise<Actions>;
  /** Holds calls back while the service fails: runs wait, they don't fail. Default: none. */
  breaker?: BreakerOptions;
}

/** A service. */
export interface Service<Actions, Config = any> {
  /** Its id. */
  readonly id: string;
  /** The service with its configuration, for the options of `app`. */
  withConfig(config: WithSecrets<Config>): ConfiguredService;
  /** @internal */
  readonly options: ServiceOptions<any, Actions>;
}

/** A service with its configuration. */
export interface ConfiguredService {
  readonly service: Service<any>;
  readonly config: unknown;
}

/**
 * Defines a service.
 *
 * @throws TypeError if the breaker's options make no sense
 */
export function service<Input, Config, Actions extends object>(
  options: ServiceOptions<Config, Actions> & { config: StandardSchema<Input, Config> },
): Service<Actions, Input>;
/** Defines a service that needs no configuration. */
export function service<Actions extends object>(options: ServiceOptions<void, Actions>): Service<Actions, never>;
export function service(options: ServiceOptions<any, any>): Service<any> {
  const { id, breaker } = options;
  if (breaker !== undefined) {
    const cooldown = msToNumber(breaker.cooldown, "breaker.cooldown");
    if (!(breaker.failures >= 1 && cooldown > 0))
      throw new TypeError(`service '${id}': a breaker needs at least 1 failure and a cooldown`);
  }
  const made: Service<any> = { id, options, withConfig: (config) => ({ service: made, config }) };
  return made;
}
