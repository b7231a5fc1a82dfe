import packageJson from "../../../package.json" with { type: "json" };
import { RawValue, type WorkflowQueryAnnotatedType } from "../../common";
import { ENHANCED_STACK_TRACE_QUERY_NAME, STACK_TRACE_QUERY_NAME } from "../../common/reserved";
import type { HandlerDescription, WorkflowMetadata } from "../handlers";
import type { EnhancedStackTrace, StackTraceFileSlice } from "../interfaces";
import type { WorkflowRun } from "./run";
import { formattedTraces, structuredTraces } from "./traces";

/** The queries that every Workflow answers; answers are always JSON, whatever the Workflow's converter. */
export function builtInQueries(run: WorkflowRun): Map<string, WorkflowQueryAnnotatedType> {
  return new Map<string, WorkflowQueryAnnotatedType>([
    [
      STACK_TRACE_QUERY_NAME,
      {
        handler: () => new RawValue(formattedTraces(run).join("\n\n")),
        description: "Returns a sensible stack trace.",
      },
    ],
    [
      ENHANCED_STACK_TRACE_QUERY_NAME,
      {
        handler: () => new RawValue(enhancedStackTrace(run)),
        description: "Returns a stack trace annotated with source information.",
      },
    ],
    [
      "__temporal_workflow_metadata",
      { handler: () => new RawValue(metadata(run)), description: "Returns metadata associated with this workflow." },
    ],
  ]);
}

function enhancedStackTrace(run: WorkflowRun): EnhancedStackTrace {
  const stacks = structuredTraces(run).map((locations) => ({ locations }));
  const sources: Record<string, StackTraceFileSlice[]> = {};
  if (run.host.showStackTraceSources) {
    for (const { file_path: file } of stacks.flatMap(({ locations }) => locations)) {
      const content = file === undefined || file in sources ? undefined : run.host.sourceText(file);
      if (content !== undefined) sources[file!] = [{ line_offset: 0, content }];
    }
  }
  return { sdk: { name: "typescript", version: packageJson.version }, stacks, sources };
}

function metadata(run: WorkflowRun): WorkflowMetadata {
  const { queryHandlers, signalHandlers, updateHandlers } = run.messages;
  return {
    definition: {
      type: run.workflowType,
      queryDefinitions: describe(queryHandlers),
      signalDefinitions: describe(signalHandlers),
      updateDefinitions: describe(updateHandlers),
    },
    currentDetails: run.currentDetails,
  };
}

function describe(handlers: Map<string, { description?: string }>): HandlerDescription[] {
  return [...handlers].map(([name, { description }]) => ({ name, description }));
}
