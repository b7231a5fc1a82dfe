import { current } from "../../workflow/current";
import type { WorkflowRun } from "../../workflow/run/run";

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
 */
export function installPrepareStackTrace(): void {
  Object.defineProperty(Error, "prepareStackTrace", {
    get: () => {
      const own = current === undefined ? undefined : ofRuns.get(current);
      return own === undefined ? undefined : wrapperOf(own);
    },
    set: (value: unknown) => {
      if (current === undefined) return;
      if (typeof value === "function") ofRuns.set(current, originals.get(value) ?? (value as Prepare));
      else ofRuns.delete(current);
    },
    enumerable: false,
    configurable: false,
  });
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
    const ask = callSite[question];
    if (typeof ask !== "function") continue;
    let answer: unknown;
    try {
      answer = Reflect.apply(ask, callSite, []);
    } catch {
      answer = undefined;
    }
    // Functions and objects may be of the other side.
    const safe = (typeof answer === "object" && answer !== null) || typeof answer === "function" ? undefined : answer;
    copy[question] = () => safe;
  }
  return copy;
}
