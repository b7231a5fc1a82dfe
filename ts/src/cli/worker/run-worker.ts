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
import { BundleError } from "../../worker/bundler/bundler-errors";
import { type ConnectionFlags, connectConfig } from "../connection";
import { Failure } from "../failure";
import { hasDefaultExport } from "../worker-module";

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
  // Before it is loaded: one that runs its Worker by itself would do so, without the health that was asked for.
  const missing = new Failure(
    `${modulePath} has no default export: export the Worker's options, or a function that returns them; or, if it runs ` +
      `its Worker by itself, start it with \`bun ${modulePath}\`. See \`temporal-bun worker --help\`.`,
  );
  if (!hasDefaultExport(path)) throw missing;
  const module = await explained(() => import(path), `${modulePath} can't be loaded`);
  if (module.default === undefined) throw missing;
  return module.default;
}

/** What a function returns. Of errors that say all themselves, the words are enough. @throws Failure if it fails */
async function explained<T>(action: () => T, what: string): Promise<Awaited<T>> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof TransportError)
      throw new Failure(`${error.message}\nStart a server with \`temporal-bun dev\`, or name another with --address.`);
    if (error instanceof Failure) throw error;
    if (error instanceof BundleError || error instanceof ForbiddenModuleError) throw new Failure(error.message);
    throw new Failure(`${what}:\n${Bun.inspect(error)}`);
  }
}

/** The module may have installed a Runtime of its own, which then says how to log. */
function installRuntime({ logFormat, logLevel }: WorkerFlags): void {
  const level = logLevel.toUpperCase() as LogLevel;
  const logger = logFormat === "json" ? new JsonLogger(level) : new DefaultLogger(level);
  // Core's records too, because its own console is another stream.
  const logging = { forward: {}, filter: { core: "WARN", other: "ERROR" } } as const;
  try {
    Runtime.install({ logger, telemetryOptions: { logging } });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

async function resultOf(exported: unknown, modulePath: string): Promise<Worker | WorkerOptions> {
  const made =
    typeof exported === "function"
      ? await explained(() => exported() as unknown, `The function that ${modulePath} exports failed`)
      : exported;
  if (made instanceof Worker || (typeof made === "object" && made !== null && "taskQueue" in made))
    return made as Worker | WorkerOptions;
  throw new Failure(
    `The default export of ${modulePath} is no Worker, has no taskQueue as options have, and returns neither: ` +
      `${Bun.inspect(made)}`,
  );
}

async function createWorker(options: WorkerOptions, flags: WorkerFlags): Promise<Worker> {
  const { connectionOptions, namespace } = await connectConfig(flags);
  return explained(async () => {
    const connection = options.connection ?? (await NativeConnection.connect(connectionOptions));
    try {
      return await Worker.create({
        shutdownGraceTime,
        ...(namespace === undefined ? {} : { namespace }),
        ...options,
        connection,
      });
    } catch (error) {
      // Of options, for which the words are enough.
      throw error instanceof TypeError ? new Failure(error.message) : error;
    }
  }, "The Worker can't be made");
}

function startHealth(worker: Worker, { healthPort: port }: WorkerFlags) {
  if (port === undefined) return undefined;
  return serveHealth({ worker, port }).catch((error: Error) => {
    throw new Failure(error.message);
  });
}
