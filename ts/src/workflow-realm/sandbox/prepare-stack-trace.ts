import { current } from "../../workflow/current";
import type { WorkflowRun } from "../../workflow/run/run";
import { callOut, platform } from "../platform";

type Prepare = (error: Error, callSites: readonly object[]) => unknown;

/** What is asked of a place in a stack trace, by those that have a use for it. */
const questions = (
  "getThis getTypeName getFunction getFunctionName getMethodName getFileName getLineNumber getColumnNumber getEvalOrigin " +
  "isToplevel isEval isNative isConstructor isAsync isPromiseAll getPromiseIndex getScriptNameOrSourceURL getScriptHash " +
  "getEnclosingLineNumber getEnclosingColumnNumber getPosition toString"
).split(" ");

const ofRuns = new WeakMap<WorkflowRun, Prepare>();
/** The function of a run, by the one that the engine gets. */
const originals = new WeakMap<object, Prepare>();

/**
 * Makes `Error.prepareStackTrace` the run's own. The engine calls it with objects of the other side, which would lead
 * out of the realm: the run's function gets copies of what they say.
 *
 * Without one of its own, a run has one that puts places in the sources. The engine calls it when a stack is first
 * read, so an error whose stack nobody reads costs nothing.
 */
export function installPrepareStackTrace(): void {
  installCapture();
  Object.defineProperty(Error, "prepareStackTrace", {
    get: () => {
      if (current === undefined) return undefined;
      const own = ofRuns.get(current);
      return own === undefined ? mapped : wrapperOf(own);
    },
    set: (value: unknown) => {
      if (current === undefined) return;
      if (typeof value === "function" && value !== mapped)
        ofRuns.set(current, originals.get(value) ?? (value as Prepare));
      else ofRuns.delete(current);
    },
    enumerable: false,
    configurable: false,
  });
}

const headOf = Error.prototype.toString;

/** The stack as the engine writes it, with places in the sources. */
const mapped: Prepare = Object.freeze((error: Error, callSites: readonly object[]): string => {
  let text: string;
  try {
    text = `${Reflect.apply(headOf, error, [])}`;
  } catch {
    text = "Error";
  }
  for (let index = 0; index < callSites.length; index++) {
    const callSite = callSites[index] as Record<string, unknown>;
    text += `\n    at ${answerOf(callSite, "isAsync") === true ? "async " : ""}${String(answerOf(callSite, "toString"))}`;
  }
  return callOut(() => platform.mapStack(text));
});

/**
 * Makes `Error.captureStackTrace` write what `stack` of a new error has. The engine's own writes another form here, and
 * doesn't ask `prepareStackTrace`.
 */
function installCapture(): void {
  const original = Error.captureStackTrace;
  const captureStackTrace = (target: object, above?: unknown): void => {
    original(target, (typeof above === "function" ? above : captureStackTrace) as () => void);
    const raw: unknown = Reflect.getOwnPropertyDescriptor(target, "stack")?.value;
    if (typeof raw !== "string") return;
    let isRead = false;
    let stack: unknown;
    Reflect.defineProperty(target, "stack", {
      get: () => {
        if (!isRead) {
          const own = current === undefined ? undefined : ofRuns.get(current);
          stack = (own ?? mapped)(target as Error, placesOf(raw));
          isRead = true;
        }
        return stack;
      },
      set: (value: unknown) => {
        stack = value;
        isRead = true;
      },
      enumerable: false,
      configurable: true,
    });
  };
  Object.defineProperty(Error, "captureStackTrace", {
    value: captureStackTrace,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

/** The places of a stack in the engine's own form: `function@file:line:column`, one per line. */
function placesOf(raw: string): object[] {
  const lines = raw.split("\n");
  const places: object[] = [];
  for (let index = 0; index < lines.length; index++) {
    const match = /^(async )?(.*?)@(.*?)(?::(\d+):(\d+))?$/.exec(lines[index]!);
    if (match === null) continue;
    const [, isAsync, name, file, line, column] = match;
    const place = file === "[native code]" ? "native" : line === undefined ? file : `${file}:${line}:${column}`;
    places[places.length] = {
      getFunctionName: () => name || null,
      getFileName: () => file,
      getLineNumber: () => (line === undefined ? null : Number(line)),
      getColumnNumber: () => (column === undefined ? null : Number(column)),
      isAsync: () => isAsync !== undefined,
      isNative: () => file === "[native code]",
      toString: () => `${name || "<anonymous>"} (${place})`,
    };
  }
  return places;
}

function wrapperOf(own: Prepare): Prepare {
  const wrapper: Prepare = (error, callSites) => own(error, copiesOf(callSites));
  originals.set(wrapper, own);
  return wrapper;
}

function copiesOf(callSites: readonly object[]): object[] {
  const copies: object[] = [];
  for (let index = 0; index < callSites.length; index++)
    copies[index] = copyOf(callSites[index] as Record<string, unknown>);
  return copies;
}

function copyOf(callSite: Record<string, unknown>): object {
  const copy: Record<string, () => unknown> = {};
  for (const question of questions) {
    if (typeof callSite[question] !== "function") continue;
    const answer = answerOf(callSite, question);
    copy[question] = () => answer;
  }
  return copy;
}

/** What a place says of itself; not what is a function or an object, which may be of the other side. */
function answerOf(callSite: Record<string, unknown>, question: string): unknown {
  let answer: unknown;
  try {
    answer = Reflect.apply(callSite[question] as () => unknown, callSite, []);
  } catch {
    return undefined;
  }
  return (typeof answer === "object" && answer !== null) || typeof answer === "function" ? undefined : answer;
}
