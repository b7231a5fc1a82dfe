import { existsSync, fstatSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { Failure } from "../failure";
import type { Output } from "../output";
import { hasDefaultExport, projectFolder, workerModule } from "../worker-module";
import { type DevServer, type DevServerFlags, provideServer } from "./dev-server";
import { KeptProcess } from "./kept-process";
import { SourceWatcher } from "./source-watcher";

/** Options of `dev`. */
export interface DevFlags extends DevServerFlags {
  /** `true`: the usual module. */
  seed?: string | true;
}

/** Runs a server and a project's Worker, which is started again when its files change, until a signal comes. */
export async function dev(named: string | undefined, flags: DevFlags, output: Output): Promise<void> {
  const parent = process.ppid;
  const module = workerModule(named);
  const seed = flags.seed === undefined ? undefined : seedModule(module, flags.seed);
  const reports = reportsOf(module);
  const server = await provideServer(flags, output);
  // Not before: until then a signal ends this process, and with it a server that it has begun to start.
  const stopped = requestsToEnd(parent, output);
  const environment = environmentFor(server);
  output.result(`Server  ${server.about}\n`);
  if (server.ui !== undefined) output.result(`UI      ${output.style("cyan", server.ui)}\n`);
  const start = () =>
    new KeptProcess([process.execPath, "--preload", reports, ...program(module, reports)], environment);
  const worker = new ReloadingWorker(module, start, output);
  const seeding = seed === undefined ? undefined : worker.ready.then(() => runSeed(seed, environment, output));
  await stopped.first;
  await worker.stop(stopped.second);
  void seeding?.then((process) => process.kill());
  await server.stop();
}

/** The module of `--seed`, by default beside the Worker's. */
function seedModule(worker: string, named: string | true): string {
  const path = named === true ? join(dirname(worker), "seed.ts") : resolve(named);
  if (existsSync(path)) return path;
  throw new Failure(
    `There is no ${path}, which --seed runs beside the Worker: write one that starts Workflows with a Client, as \`temporal-bun init\` does, or name another with --seed <module>`,
  );
}

/** What is preloaded into the Worker's process: of the SDK that the project has, for it must be the same instance. */
function reportsOf(module: string): string {
  try {
    return join(dirname(Bun.resolveSync(`${packageJson.name}/worker`, dirname(module))), "../cli/dev/reports.ts");
  } catch {
    throw new Failure(`${packageJson.name} isn't installed in ${projectFolder(module)}: run \`bun install\` there`);
  }
}

/** What runs a module: Bun, or `temporal-bun worker` if it exports a Worker or the options of one. */
function program(module: string, reports: string): string[] {
  return hasDefaultExport(module) ? [join(dirname(reports), "../temporal-bun.ts"), "worker", module] : [module];
}

const parentPollMs = 250;

/**
 * The first and the second time that the process is asked to end: by a signal, or because what started it has ended
 * without passing one on.
 */
function requestsToEnd(parent: number, output: Output) {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  const end = (why: string) => {
    if (++count > 1) return second.resolve();
    output.reporter.message(
      `\n${why} Running activities have the Worker's grace time; Ctrl-C again ends them at once.`,
    );
    first.resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end("Ending."));
  if (!mayOutliveParent()) {
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      end("Ending, because the program that started this has ended.");
    }, parentPollMs);
    timer.unref();
  }
  return { first: first.promise, second: second.promise };
}

/** Whether it is a job in the background, which a shell gives no input. Scripts of packages go with their runner. */
function mayOutliveParent(): boolean {
  if (process.env["npm_lifecycle_event"] !== undefined) return false;
  try {
    return fstatSync(0).rdev === statSync("/dev/null").rdev;
  } catch {
    // It has no standard input at all.
    return true;
  }
}

/** This process's environment, but with the connection to the server instead of what is configured. */
function environmentFor({ address, namespace }: DevServer): Record<string, string | undefined> {
  const rest = Object.entries(process.env).filter(
    ([name]) => !/^TEMPORAL_(?:ADDRESS|NAMESPACE|PROFILE|CONFIG_FILE|API_KEY|TLS.*|GRPC_META_.*)$/.test(name),
  );
  return {
    // It writes into pipes, from which all goes to where this process writes.
    ...(process.stderr.isTTY && process.env["NO_COLOR"] === undefined ? { FORCE_COLOR: "1" } : {}),
    ...Object.fromEntries(rest),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_CONFIG_FILE: "/dev/null",
  };
}

function runSeed(module: string, environment: Record<string, string | undefined>, output: Output): KeptProcess {
  const seeding = new KeptProcess([process.execPath, module], environment);
  void seeding.ended.then((code) => {
    if (code !== 0) output.problem(`${shown(module)} ended with exit code ${code}.\n`);
  });
  return seeding;
}

const shown = (path: string) => {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
};

/** A project's Worker. A new one takes over when it takes tasks; until then the one before goes on. */
class ReloadingWorker {
  /** Resolves when the first one takes tasks. */
  readonly ready: Promise<void>;
  readonly #isReady = Promise.withResolvers<void>();
  readonly #module: string;
  readonly #start: () => KeptProcess;
  readonly #output: Output;
  readonly #watcher: SourceWatcher;
  #current: KeptProcess | undefined;
  #starting: KeptProcess | undefined;
  /** All that haven't ended. */
  readonly #alive = new Set<KeptProcess>();
  #isStopping = false;

  constructor(module: string, start: () => KeptProcess, output: Output) {
    this.ready = this.#isReady.promise;
    this.#module = module;
    this.#start = start;
    this.#output = output;
    this.#watcher = new SourceWatcher(projectFolder(module), (files) => void this.#launch(files));
    void this.#launch([]);
  }

  /** Ends all of it: in order, or at once when `hurry` resolves. */
  async stop(hurry: Promise<void>): Promise<void> {
    this.#isStopping = true;
    this.#watcher.close();
    for (const process of this.#alive) process.stop();
    void hurry.then(() => {
      for (const process of this.#alive) process.kill();
    });
    await Promise.all([...this.#alive].map(({ ended }) => ended));
  }

  async #launch(changed: string[]): Promise<void> {
    const since = performance.now();
    this.#starting?.kill();
    const next = this.#keep();
    this.#starting = next;
    const files = await Promise.race([next.running, next.ended.then(() => undefined)]);
    // A change that came meanwhile has started another.
    if (this.#starting !== next || this.#isStopping) return;
    this.#starting = undefined;
    if (files !== undefined) this.#takeOver(next, files, changed, performance.now() - since);
    else if (this.#current !== undefined && next.metUsedPort) await this.#makeWay(changed);
    else this.#failed(await next.ended);
  }

  #keep(): KeptProcess {
    const process = this.#start();
    this.#alive.add(process);
    void process.ended.then(() => this.#alive.delete(process));
    return process;
  }

  #takeOver(next: KeptProcess, files: string[], changed: string[], milliseconds: number): void {
    const took = `${Math.round(milliseconds)} ms`;
    const isFirst = this.#current === undefined && changed.length === 0;
    this.#current?.stop();
    this.#current = next;
    this.#watcher.follow(files);
    const { style } = this.#output;
    this.#output.result(
      isFirst
        ? `Worker  ${shown(this.#module)}, ready after ${took}. It restarts when you save; Ctrl-C ends all.\n`
        : `${style("green", "Reloaded")} after ${took}: ${changed.map(shown).join(", ")}\n`,
    );
    this.#isReady.resolve();
    void next.ended.then((code) => {
      if (this.#current !== next || this.#isStopping) return;
      this.#current = undefined;
      this.#watcher.followAll();
      this.#output.problem(`The Worker has ended with exit code ${code}. It starts again when you save.\n`);
    });
  }

  /** Starts the new one when the one before has ended, because they want the same port. */
  async #makeWay(changed: string[]): Promise<void> {
    const before = this.#current;
    this.#current = undefined;
    before?.stop();
    await before?.ended;
    if (this.#starting === undefined && !this.#isStopping) await this.#launch(changed);
  }

  #failed(code: number): void {
    this.#watcher.followAll();
    const { style } = this.#output;
    const rest =
      this.#current === undefined ? "It starts again when you save." : "The Worker from before goes on until you save.";
    this.#output.problem(
      `${style("red", "Not started")}: ${shown(this.#module)} ended with exit code ${code}. ${rest}\n`,
    );
  }
}
