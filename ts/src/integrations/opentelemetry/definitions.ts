import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { TimedEvent } from "@opentelemetry/sdk-trace-base";
import type { Sink, Sinks } from "../../workflow";

/**
 * A `SpanContext` that can be copied between threads: the trace state as text in the form of W3C's `tracestate` header.
 */
export type SerializableSpanContext = Omit<SpanContext, "traceState"> & { traceState?: string };

/**
 * A finished span of Workflow code on its way to the main thread. Has what OpenTelemetry's SDK 1.x calls `parentSpanId`
 * and `instrumentationLibrary` and 2.x `parentSpanContext` and `instrumentationScope`, whichever made the span.
 */
export interface SerializableSpan {
  /** For example `RunWorkflow:example`. */
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: SerializableSpanContext;
  /** Absent for the root of a trace. */
  readonly parentSpanId?: string;
  /** Absent for the root of a trace. */
  readonly parentSpanContext?: SerializableSpanContext;
  /** Time of the Workflow Task, as seconds and nanoseconds since the epoch. */
  readonly startTime: HrTime;
  /** Time of the Workflow Task, as seconds and nanoseconds since the epoch. */
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: Link[];
  /** Exceptions, and what Workflow code added. */
  readonly events: TimedEvent[];
  /** Seconds and nanoseconds. */
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly droppedAttributesCount: number;
  readonly droppedLinksCount: number;
  readonly droppedEventsCount: number;
  /** Name and version of the tracer. */
  readonly instrumentationLibrary: InstrumentationScope;
  /** Name and version of the tracer. */
  readonly instrumentationScope: InstrumentationScope;
}

/** The sink to which the interceptors of Workflows hand their spans. */
export interface OpenTelemetryWorkflowExporter extends Sink {
  /** Takes finished spans. */
  export(span: SerializableSpan[]): void;
}

/** The sinks that a Worker must have for the interceptors of Workflows: see `makeWorkflowExporter`. */
export interface OpenTelemetrySinks extends Sinks {
  exporter: OpenTelemetryWorkflowExporter;
}

/** What the names of spans begin with; most go on with {@link SPAN_DELIMITER} and the name of what is called. */
export enum SpanName {
  /** A client starts a Workflow. */
  WORKFLOW_START = "StartWorkflow",
  /** A client or a Workflow signals a Workflow. */
  WORKFLOW_SIGNAL = "SignalWorkflow",
  /** A client signals a Workflow and starts it if it doesn't run. */
  WORKFLOW_SIGNAL_WITH_START = "SignalWithStartWorkflow",
  /** A client queries a Workflow. */
  WORKFLOW_QUERY = "QueryWorkflow",
  /** A client sends an update. */
  WORKFLOW_START_UPDATE = "StartWorkflowUpdate",
  /** A client sends an update and starts the Workflow if it doesn't run. */
  WORKFLOW_UPDATE_WITH_START = "UpdateWithStartWorkflow",
  /** A Workflow handles a signal. */
  WORKFLOW_HANDLE_SIGNAL = "HandleSignal",
  /** A Workflow answers a query. */
  WORKFLOW_HANDLE_QUERY = "HandleQuery",
  /** A Workflow handles an update. */
  WORKFLOW_HANDLE_UPDATE = "HandleUpdate",
  /** A Workflow validates an update. */
  WORKFLOW_VALIDATE_UPDATE = "ValidateUpdate",
  /** A client terminates a Workflow. */
  WORKFLOW_TERMINATE = "TerminateWorkflow",
  /** A client requests the cancellation of a Workflow. */
  WORKFLOW_CANCEL = "CancelWorkflow",
  /** A client describes a Workflow. */
  WORKFLOW_DESCRIBE = "DescribeWorkflow",
  /** A run of a Workflow, from its start to its end. */
  WORKFLOW_EXECUTE = "RunWorkflow",
  /** A Workflow starts a Child Workflow. */
  CHILD_WORKFLOW_START = "StartChildWorkflow",
  /** A Workflow calls an Activity, up to the result. */
  ACTIVITY_START = "StartActivity",
  /** A Worker executes an Activity; once for each attempt. */
  ACTIVITY_EXECUTE = "RunActivity",
  /** A Workflow continues as new. */
  CONTINUE_AS_NEW = "ContinueAsNew",
  /** A Workflow starts a Nexus Operation. */
  NEXUS_OPERATION_START = "StartNexusOperation",
  /** A Worker handles the start of a Nexus Operation. */
  NEXUS_START_OPERATION_EXECUTE = "RunStartNexusOperation",
  /** A Worker handles the cancellation of a Nexus Operation. */
  NEXUS_CANCEL_OPERATION_EXECUTE = "RunCancelNexusOperation",
}

/** Stands in the names of spans between a {@link SpanName} and the name of what is called. */
export const SPAN_DELIMITER = ":";
