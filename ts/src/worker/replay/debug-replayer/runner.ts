import packageJson from "../../../../package.json" with { type: "json" };

/** Environment variable with the address of the debugger's server. */
const runnerVariable = "TEMPORAL_DEBUGGER_PLUGIN_URL";

/**
 * How long the debugger may take to see where the Workflow is; it stops the program meanwhile if it has a breakpoint
 * there.
 */
const noticeTimeoutMs = 5000;

/**
 * The debugger's HTTP server: what Temporal's extension for VS Code starts, or anything that answers the same two
 * requests.
 */
export class Runner {
  readonly #url: string;

  /** @throws Error if the environment doesn't say where the server is */
  constructor() {
    const url = process.env[runnerVariable];
    if (!url)
      throw new Error(
        `${runnerVariable} isn't set: it must be the address of the debugger's server, for example http://127.0.0.1:3000`,
      );
    this.#url = url.replace(/\/+$/, "");
  }

  /** The history to replay, as protobuf bytes. */
  async history(): Promise<Uint8Array> {
    const bytes = await (await this.#request("history", {})).bytes();
    if (bytes.length === 0) throw new Error("The debugger has no history: its answer is empty");
    return bytes;
  }

  /**
   * Tells the debugger that a Workflow Task is about to be replayed.
   *
   * @param eventId ID of the event that started it
   */
  async workflowTaskStarted(eventId: number): Promise<void> {
    const body = JSON.stringify({ eventId });
    const headers = { "Content-Type": "application/json" };
    await this.#request("current-wft-started", {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.timeout(noticeTimeoutMs),
    });
  }

  async #request(path: string, { headers, ...init }: RequestInit): Promise<Response> {
    const response = await fetch(`${this.#url}/${path}`, {
      ...init,
      headers: {
        "Temporal-Client-Name": packageJson.name,
        "Temporal-Client-Version": packageJson.version,
        ...(headers as object),
      },
    });
    if (response.status === 200) return response;
    const text = await response.text();
    throw new Error(`The debugger answered ${response.status} to /${path}: ${errorOf(text) ?? response.statusText}`);
  }
}

function errorOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: string } | null)?.error;
  } catch {
    return undefined;
  }
}
