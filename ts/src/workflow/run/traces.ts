import { isFrameworkFrame } from "../../common/stack-trace";
import type { StackTraceFileLocation } from "../interfaces";
import type { WorkflowRun } from "./run";

/**
 * Remembers where Workflow code begins to wait. Only the frames are kept; they become text when somebody asks.
 */
export function trace(): Error {
  return new Error("waiting");
}

/** Where the parts of a run wait, as text, without repetitions. */
export function formattedTraces(run: WorkflowRun): string[] {
  return [...new Set(waitingFrames(run).map((frames) => frames.join("\n")))];
}

/** Where the parts of a run wait, as lines of stacks. */
export function waitingFrames(run: WorkflowRun): string[][] {
  return traces(run)
    .map((error) => framesOf(run, error))
    .filter((frames) => frames.length > 0);
}

/** Where the parts of a run wait, as places in files, without repetitions. */
export function structuredTraces(run: WorkflowRun): StackTraceFileLocation[][] {
  return formattedTraces(run).map((stack) => stack.split("\n").map(parseFrame));
}

function traces(run: WorkflowRun): Error[] {
  const waiting = [
    ...Object.values(run.completions).flatMap((map) => [...(map as Map<number, { trace?: Error }>).values()]),
    ...run.conditions.values(),
  ];
  return waiting.flatMap(({ trace }) => (trace === undefined ? [] : [trace]));
}

/** Lines of a stack, with places in the sources of Workflow code. */
export function framesOf(run: WorkflowRun, error: Error): string[] {
  run.host.mapStack(error);
  const lines = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  // Frames of the SDK say nothing about the Workflow.
  return lines.filter((line) => !isFrameworkFrame(line));
}

function parseFrame(line: string): StackTraceFileLocation {
  const match = /^\s+at (?:(.+?) \()?(.*?)(?::(\d+))?(?::(\d+))?\)?$/.exec(line);
  return {
    function_name: match?.[1],
    file_path: match?.[2] || undefined,
    line: match?.[3] === undefined ? undefined : Number(match[3]),
    column: match?.[4] === undefined ? undefined : Number(match[4]),
    internal_code: false,
  };
}
