import type { Sink, SinkFunction, Sinks, WorkflowInfo } from "../workflow";

/** The implementation of one sink function, in the Worker. */
export interface InjectedSinkFunction<F extends SinkFunction> {
  /** Called with the Workflow's info and what the Workflow passed. What it throws is logged, never thrown further. */
  fn(info: WorkflowInfo, ...args: Parameters<F>): void | Promise<void>;
  /** Whether calls made while a history is replayed count too. Default `false`. */
  callDuringReplay?: boolean;
}

/** The implementations of one sink. */
export type InjectedSink<T extends Sink> = { [P in keyof T]: InjectedSinkFunction<T[P]> };

/** The implementations of all sinks of a Worker. */
export type InjectedSinks<T extends Sinks> = { [P in keyof T]: InjectedSink<T[P]> };
