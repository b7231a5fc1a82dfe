/** What reads bytes of others, and how it may end: with a value, or with the one error that it promises. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../src/cli/failure";
import { withHistories } from "../../src/cli/replay/histories";
import { checkAttestation } from "../../src/libs/attestation";
import { LibsError } from "../../src/libs/error";
import { parseManifest } from "../../src/libs/manifest";
import { printable } from "../../src/libs/printable";
import { unpack } from "../../src/libs/unpack";
import { toJson } from "../../src/proto/json";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { WorkflowActivation } from "../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { WireFormatError } from "../../src/proto/wire";
import { makeArchive } from "../../tests/libs/support";

/** Something that reads bytes of others. */
export interface Target {
  /** Inputs that are right. */
  corpus(): Promise<Uint8Array[]>;
  /** Reads one. Resolves with what is told apart of the outcome; rejects if it did what it must not. */
  read(bytes: Uint8Array): Promise<string>;
}

/** Encoded histories of flows. */
function histories(): Uint8Array[] {
  const file = join(import.meta.dir, "../../tests/flow/recorded/0.1.0.json");
  const recorded = JSON.parse(readFileSync(file, "utf8")) as { history: string }[];
  return recorded.map(({ history }) => Bun.gunzipSync(Buffer.from(history, "base64")));
}

/** Runs a reader that may throw errors that `isPromised` knows. */
async function outcome(isPromised: (error: Error) => boolean, read: () => unknown): Promise<string> {
  try {
    await read();
    return "read";
  } catch (error) {
    if (!(error instanceof Error) || !isPromised(error)) throw error;
    return error.message;
  }
}

function inFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "temporal-fuzz-"));
  return action(folder).finally(() => rmSync(folder, { recursive: true }));
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Reads a message, and what it writes of it: that must be the same again. */
function message(type: { decode(bytes: Uint8Array): unknown; encode(value: never): { finish(): Uint8Array } }) {
  const write = (value: unknown) => type.encode(value as never).finish();
  return (bytes: Uint8Array) =>
    outcome(
      (error) => error instanceof WireFormatError,
      () => {
        const written = write(type.decode(bytes));
        if (!Buffer.from(write(type.decode(written))).equals(Buffer.from(written)))
          throw new Error("what was written is read as something else");
      },
    );
}

export const targets: Record<string, Target> = {
  "messages of histories": {
    corpus: async () => histories(),
    read: message(History),
  },
  "messages of activations": {
    corpus: async () => [
      WorkflowActivation.encode({
        runId: "run",
        jobs: [
          { signalWorkflow: { signalName: "s", input: [{ data: new Uint8Array([1, 2]) }] } },
          { fireTimer: { seq: 7 } },
        ],
      } as WorkflowActivation).finish(),
    ],
    read: message(WorkflowActivation),
  },
  "files with histories": {
    corpus: async () =>
      histories()
        .slice(0, 5)
        .map((bytes) => Buffer.from(JSON.stringify(toJson("temporal.api.history.v1.History", History.decode(bytes))))),
    read: (bytes) =>
      inFolder((folder) => {
        const file = join(folder, "history.json");
        writeFileSync(file, bytes);
        return outcome(
          (error) => error instanceof Failure,
          () => withHistories([file], {}, async (sources) => Array.fromAsync(sources)),
        );
      }),
  },
  manifests: {
    corpus: async () => [Buffer.from(JSON.stringify(makeArchive().manifest))],
    read: (bytes) =>
      outcome(
        (error) => error.constructor === Error && error.message.startsWith("manifest.json"),
        () => parseManifest(text(bytes)),
      ),
  },
  archives: {
    // Not packed: a change of what is packed is a wrong checksum of gzip's.
    corpus: async () => [
      Bun.gunzipSync(makeArchive({ library: new Uint8Array(700) }).bytes as Uint8Array<ArrayBuffer>),
    ],
    read: (bytes) =>
      inFolder(async (folder) => {
        const archive = join(folder, "archive.tar.gz");
        writeFileSync(archive, Bun.gzipSync(bytes as Uint8Array<ArrayBuffer>));
        const inside = join(folder, "inside");
        mkdirSync(inside);
        const ended = await outcome(
          (error) => error instanceof LibsError && error.code === "bad-archive",
          () => unpack(archive, inside, { unpackedBytes: 100_000, archiveEntries: 20 }),
        );
        const beside = readdirSync(folder).toSorted().join();
        if (beside !== "archive.tar.gz,inside") throw new Error(`it has written beside its folder: ${beside}`);
        return ended;
      }),
  },
  attestations: {
    corpus: async () => [readFileSync(join(import.meta.dir, "attestation.json"))],
    read: (bytes) =>
      outcome(
        (error) => error instanceof LibsError && error.code === "not-attested",
        async () => {
          await checkAttestation(text(bytes), { name: "a", sha256: "0", version: "1.0.0" }, "owner/name");
          throw new Error("an attestation of nobody was believed");
        },
      ),
  },
  "texts for terminals": {
    corpus: async () => ['{"a":"b\\u001b"}', "id\u001b[2J\u009b\u202e\r\n"].map((each) => Buffer.from(each)),
    read: async (bytes) => {
      const shown = printable(text(bytes));
      if (/[[\p{Cc}--[\t\n]]\u202a-\u202e\u2066-\u2069]/v.test(shown)) throw new Error("it commands a terminal");
      if (printable(shown) !== shown) throw new Error("it is escaped twice");
      return String(shown === text(bytes));
    },
  },
};
