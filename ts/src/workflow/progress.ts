import type { WorkflowRun } from "./run/run";

/**
 * Reports where the code of a run is about to go on, see `DebuggingOptions.goesOn`. The interceptors of the run must be
 * in place: it comes before them.
 */
export function reportProgress(run: WorkflowRun, goesOn: (eventId: number) => void): void {
  let last = -1;
  const report = () => {
    const eventId = run.facts.task.historyLength;
    if (eventId <= last) return;
    last = eventId;
    goesOn(eventId);
  };
  // Its handlers are the first of the promise, so nothing that waits for it has gone on yet; and no tick is added.
  const watch = <T>(promise: Promise<T>): Promise<T> => {
    promise.then(report, report);
    return promise;
  };
  run.interceptors.inbound.unshift({
    execute: (input, next) => {
      report();
      return next(input);
    },
    handleSignal: (input, next) => {
      report();
      return next(input);
    },
  });
  run.interceptors.outbound.push({
    scheduleActivity: (input, next) => watch(next(input)),
    scheduleLocalActivity: (input, next) => watch(next(input)),
    startTimer: (input, next) => watch(next(input)),
    signalWorkflow: (input, next) => watch(next(input)),
    startChildWorkflowExecution: (input, next) => {
      const starting = next(input);
      const watchBoth = ([started, completed]: Awaited<typeof starting>) => {
        watch(started);
        watch(completed);
      };
      starting.then(watchBoth, () => {});
      return starting;
    },
  });
}
