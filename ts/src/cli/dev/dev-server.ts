/** The server of `dev`: one that runs already, or a dev server of its own. */

import { createServer, connect as dial } from "node:net";
import { Connection } from "../../client";
import { reasonOf } from "../../libs/error";
import { startEphemeralServer } from "../../testing/ephemeral-server";
import { provideExecutable, temporalCli } from "../../testing/executable";
import { connectConfig } from "../connection";
import { Failure } from "../failure";
import type { Output } from "../output";

/** Options of `dev` that are about the server. */
export interface DevServerFlags {
  port?: number;
  uiPort?: number;
  ui: boolean;
  dbFilename?: string;
}

/** A server that runs. */
export interface DevServer {
  address: string;
  namespace: string;
  /** What there is to say of it. */
  about: string;
  /** Address of its user interface, if it has one that is known. */
  ui: string | undefined;
  /** Ends it, if it was started for this. */
  stop(): Promise<void>;
}

const ip = "127.0.0.1";
const usualPort = 7233;

/**
 * Uses the server that listens on the port, or starts one there.
 *
 * @throws Failure if there is something else on one of the ports, or no server to start
 */
export async function provideServer(flags: DevServerFlags, output: Output): Promise<DevServer> {
  const { namespace = "default", connectionOptions } = await connectConfig({});
  const configured = localPort(connectionOptions.address);
  if (configured === undefined) {
    output.problem(
      `The configuration names the server ${connectionOptions.address}. It isn't used: \`dev\` has a server of its own.\n`,
    );
  }
  const port = flags.port ?? configured ?? usualPort;
  const address = `localhost:${port}`;
  if (await isTaken(port)) {
    if (flags.dbFilename === undefined && (await isTemporal(port))) {
      const about = `${address}, which runs already, namespace ${namespace}`;
      return { address, namespace, about, ui: undefined, stop: async () => {} };
    }
    throw new Failure(`Port ${port} is in use: end what uses it, or name another one with --port.`);
  }
  const uiPort = flags.ui ? (flags.uiPort ?? Math.min(port + 1000, 65_535)) : undefined;
  if (uiPort !== undefined && (await isTaken(uiPort)))
    throw new Failure(
      `Port ${uiPort}, for the user interface, is in use: end what uses it, name another one with --ui-port, or do without with --no-ui.`,
    );
  const path = await provideExecutable(temporalCli, undefined, { reporter: output.reporter }).catch((error) => {
    throw new Failure(reasonOf(error));
  });
  const { dbFilename } = flags;
  const server = await startEphemeralServer({
    type: "dev-server",
    executable: { type: "existing-path", path },
    log: { format: "pretty", level: "error" },
    ...{ ip, port, namespace, ...(dbFilename === undefined ? {} : { dbFilename }) },
    ...(uiPort === undefined ? {} : { uiPort }),
  }).catch((error) => {
    throw new Failure(`The dev server could not be started: ${reasonOf(error)}`);
  });
  const where = dbFilename === undefined ? "in memory, which ends with it" : `in ${dbFilename}`;
  return {
    address,
    namespace,
    about: `${address}, namespace ${namespace}, ${where}`,
    ui: uiPort === undefined ? undefined : `http://localhost:${uiPort}`,
    stop: () => server.shutdown(),
  };
}

/** The port of an address on this machine; the usual one if there is no address; undefined for other machines. */
function localPort(address = `localhost:${usualPort}`): number | undefined {
  const [, host = "", port = String(usualPort)] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].includes(host) ? Number(port) : undefined;
}

/** Whether somebody listens on a port, or nobody may. */
async function isTaken(port: number): Promise<boolean> {
  const answered = await new Promise<boolean>((resolve) => {
    const socket = dial(port, ip)
      .once("connect", () => resolve(true))
      .once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
  if (answered) return true;
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(true)).listen(port, ip, () => probe.close(() => resolve(false)));
  });
}

async function isTemporal(port: number): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address: `${ip}:${port}`, proxy: null, connectTimeout: 3_000 });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}
