import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { IllegalStateError, type LogLevel } from "../../common";
import {
  DefaultLogger,
  ForbiddenModuleError,
  JsonLogger,
  NativeConnection,
  Runtime,
  serveHealth,
  TransportError,
  Worker,
  type WorkerOptions,
} from "../../worker";
import { type ConnectionFlags, connectConfig } from "../connection";
import { Failure } from "../failure";

/** What `temporal-bun worker` takes. */
export interface WorkerFlags extends ConnectionFlags {
  healthPort?: number;
  logFormat: "text" | "json";
  logLevel: string;
}

/** How long running activities go on after a signal, if the module doesn't say. */
const shutdownGraceTime = "10 seconds";

/** Runs the Worker that a module exports, until a signal, and ends the process. @throws Failure if it can't begin */
export async function runWorker(modulePath: string, flags: WorkerFlags): Promise<never> {
  const exported = await loadModule(modulePath);
  installRuntime(flags);
  const made = await resultOf(exported, modulePath);
  const worker = made instanceof Worker ? made : await createWorker(made, flags);
  const health = await startHealth(worker, flags);
  const { taskQueue, namespace, shutdownGraceTimeMs } = worker.options;
  Runtime.instance().logger.info("The Worker begins: a signal ends it in order, and a second one at once", {
    ...{ taskQueue, namespace, shutdownGraceTimeMs },
    ...(health === undefined ? {} : { healthPort: health.port }),
  });
  const exitCode = await worker.run().then(
    () => 0,
    // The Worker has logged why.
    () => 1,
  );
  // What the module leaves open, or an activity that doesn't end, must not keep a Worker's process that has none.
  process.exit(exitCode);
}

async function loadModule(modulePath: string): Promise<unknown> {
  const path = resolve(modulePath);
  if (!existsSync(path)) throw new Failure(`There is no ${path}.`);
  let module: { default?: unknown };
  try {
    module = await import(path);
  } catch (error) {
    throw new Failure(`${modulePath} can't be loaded:\n${Bun.inspect(error)}`);
  }
  if (module.default !== undefined) return module.default;
  throw new Failure(
    `${modulePath} has no default export: export the Worker's options, or a function that returns them. ` +
      "See `temporal-bun worker --help`.",
  );
}

/** The module may have installed a Runtime of its own, which then says how to log. */
function installRuntime({ logFormat, logLevel }: WorkerFlags): void {
  const level = logLevel.toUpperCase() as LogLevel;
  const logger = logFormat === "json" ? new JsonLogger(level) : new DefaultLogger(level);
  // Core's records too, because its own console has colours in pipes, and is another stream.
  const logging = { forward: {}, filter: { core: "WARN", other: "ERROR" } } as const;
  try {
    Runtime.install({ logger, telemetryOptions: { logging } });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

async function resultOf(exported: unknown, modulePath: string): Promise<Worker | WorkerOptions> {
  let made = exported;
  if (typeof exported === "function") {
    try {
      made = await exported();
    } catch (error) {
      throw new Failure(`The function that ${modulePath} exports failed:\n${Bun.inspect(error)}`);
    }
  }
  if (made instanceof Worker || (typeof made === "object" && made !== null && "taskQueue" in made))
    return made as Worker | WorkerOptions;
  throw new Failure(
    `The default export of ${modulePath} is no Worker, has no taskQueue as options have, and returns neither: ` +
      `${Bun.inspect(made)}`,
  );
}

async function createWorker(options: WorkerOptions, flags: WorkerFlags): Promise<Worker> {
  const { connectionOptions, namespace } = await connectConfig(flags);
  try {
    const connection = options.connection ?? (await NativeConnection.connect(connectionOptions));
    return await Worker.create({
      shutdownGraceTime,
      ...(namespace === undefined ? {} : { namespace }),
      ...options,
      connection,
    });
  } catch (error) {
    if (error instanceof TransportError)
      throw new Failure(`${error.message}\nStart a server with \`temporal-bun dev\`, or name another with --address.`);
    if (error instanceof TypeError || error instanceof ForbiddenModuleError) throw new Failure(error.message);
    throw new Failure(`The Worker can't be made:\n${Bun.inspect(error)}`);
  }
}

function startHealth(worker: Worker, { healthPort: port }: WorkerFlags) {
  if (port === undefined) return undefined;
  return serveHealth({ worker, port }).catch((error: Error) => {
    throw new Failure(error.message);
  });
}
