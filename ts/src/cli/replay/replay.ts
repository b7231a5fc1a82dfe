import { DefaultLogger, type ReplayResult, Runtime, Worker } from "../../worker";
import { describeDivergence } from "../../worker/replay/divergence";
import { type BundleFlags, bundleFor } from "../bundle-options";
import { Failure } from "../failure";
import type { Output } from "../output";
import { findWorkflowsPath } from "../workflow-code";
import { inLine } from "../workflows/text";
import { type Source, type SourceFlags, withHistories } from "./histories";

/** Options of the command. */
export interface ReplayFlags extends SourceFlags, BundleFlags {
  workflows?: string;
  json?: boolean;
}

/** Replays histories and prints a row for each. Throws an empty {@link Failure} if one doesn't replay. */
export async function replay(names: string[], flags: ReplayFlags, output: Output): Promise<void> {
  if (names.length === 0 && flags.query === undefined)
    throw new Failure("Name files with histories, IDs of Workflows, or a --query.", 2);
  const workflowBundle = await bundleFor(findWorkflowsPath(flags.workflows, "with --workflows"), flags);
  // All that goes wrong is in the results.
  Runtime.install({ logger: new DefaultLogger("ERROR", () => {}), telemetryOptions: { logging: { filter: "OFF" } } });
  let count = 0;
  let failed = 0;
  await withHistories(names, flags, async (sources) => {
    const waiting: Source[] = [];
    const histories = async function* () {
      for await (const source of sources) {
        waiting.push(source);
        yield source;
      }
    };
    for await (const result of Worker.runReplayHistories({ workflowBundle }, histories())) {
      count++;
      if (result.error !== undefined) failed++;
      const source = waiting.shift()!;
      output.result(flags.json ? `${JSON.stringify(rowOf(source, result))}\n` : textOf(source, result, output));
    }
  });
  if (count === 0) throw new Failure(`No Workflow fits the query ${flags.query}.`);
  if (!flags.json)
    output.problem(`${count - failed} of ${count} ${count === 1 ? "history replays" : "histories replay"}\n`);
  if (failed > 0) throw new Failure("");
}

function rowOf({ workflowId, workflowType, events, file }: Source, { runId, error, divergence }: ReplayResult): object {
  return {
    ...(file === undefined ? {} : { file }),
    workflowId,
    runId,
    workflowType,
    events,
    replays: error === undefined,
    ...(error === undefined ? {} : { error: { name: error.name, message: reasonOf(error) } }),
    ...(divergence === undefined ? {} : { divergence }),
  };
}

function textOf(source: Source, { error, divergence }: ReplayResult, output: Output): string {
  const { workflowId, workflowType, events, file } = source;
  const verdict = error === undefined ? output.style("green", "ok    ") : output.style("red", "failed");
  const from = file === undefined ? "" : `, ${file}`;
  const lines = [`${verdict}  ${inLine(`${workflowId}  ${workflowType}, ${events} events${from}`)}`];
  if (error !== undefined) lines.push(...reasonOf(error).split("\n"));
  if (divergence !== undefined) lines.push(...describeDivergence(divergence).split("\n"));
  return lines.map((line, index) => `${index === 0 ? "" : "  "}${line.replaceAll(`${process.cwd()}/`, "")}\n`).join("");
}

/** What Core and Workflow code say, out of the failures that are put around it. */
function reasonOf({ message }: Error): string {
  const texts = [...message.matchAll(/message: ("(?:[^"\\]|\\.)*")/g)].map(([, quoted = ""]) => unquoted(quoted));
  const type = /^Failed to initialize workflow of type '(.*)': no such function/.exec(texts[0] ?? "")?.[1];
  if (type === undefined) return texts.length === 0 ? message : texts.join("\n  caused by: ");
  return `The code has no Workflow of type '${type}'. ${texts[1] ?? ""}`;
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}
