/** Told what the Workers of this process do. */
interface WorkerObserver {
  /** Workflow code was bundled, or found in the cache. The files that it depends on; none of webpack's are known. */
  bundled(files: readonly string[]): void;
  /** A Worker takes tasks from now on. */
  running(): void;
}

let observer: WorkerObserver | undefined;

/** Sets the one observer of this process, which `temporal-bun dev` does for the process of a project's Worker. */
export function observeWorkers(wanted: WorkerObserver): void {
  observer = wanted;
}

/** The observer, if there is one. */
export const workerObserver = (): WorkerObserver | undefined => observer;
