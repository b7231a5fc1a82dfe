/**
 * A Workflow that does what its argument says: a tree of steps that `record.mjs` makes up at random. The official SDK
 * has run it to record `official.json.gz`, so it may only use what both libraries have.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  createEventGroup,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  deprecatePatch,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  startChild,
  Trigger,
  upsertMemo,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from "temporal-bun-sdk/workflow";

interface Step {
  kind: string;
  name: string;
  number: number;
  flag: boolean;
  steps: Step[];
}

interface Program {
  early: boolean;
  earlyUpdates: boolean;
  defaultSignals: boolean;
  before?: Step;
  main: Step;
  onSignal?: Step;
  onUpdate?: Step;
}

type Activities = Record<string, (...args: unknown[]) => Promise<unknown>>;
const activities: Activities = proxyActivities({
  startToCloseTimeout: "1 minute",
  cancellationType: "TRY_CANCEL",
  retry: { maximumAttempts: 3 },
});
const localActivities: Activities = proxyLocalActivities({
  startToCloseTimeout: "1 minute",
  localRetryThreshold: 1000,
});

const poke = defineSignal<[unknown]>("poke");
const change = defineUpdate<unknown, [{ bad?: boolean; fail?: boolean }]>("change");
const look = defineQuery<unknown>("look");

let signals = 0;
/** Changes with every signal, so that two of one activation make it true and false again. */
let toggle = false;
const log: unknown[] = [];
const triggers = new Map<string, Trigger<unknown>>();

async function all(steps: Step[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const step of steps) results.push(await perform(step));
  return results;
}

async function perform(step: Step): Promise<unknown> {
  const { kind, name, number, flag, steps } = step;
  const [first, second] = steps as [Step, Step];
  switch (kind) {
    case "sequence":
      return await all(steps);
    case "parallel":
      return await Promise.all(steps.map(perform));
    case "settled":
      return (await Promise.allSettled(steps.map(perform))).map((result) =>
        result.status === "rejected" ? String(result.reason?.message) : result.value,
      );
    case "race":
      return await Promise.race(steps.map(perform));
    case "sleep":
      return await sleep(number, flag ? { summary: name } : undefined);
    case "activity":
      return await activities[name]!(flag ? [Math.random(), uuid4()] : name);
    case "lateActivity": {
      const running = activities[name]!(name);
      await Promise.resolve();
      return running;
    }
    case "localActivity":
      return await localActivities[name]!(name);
    case "child":
      return await executeChild(name, { args: [number], workflowId: flag ? `child-${number}` : undefined });
    case "childHandle": {
      const handle = await startChild(name, {
        args: [],
        cancellationType: flag ? "TRY_CANCEL" : "WAIT_CANCELLATION_REQUESTED",
      });
      await handle.signal("toChild", 1);
      return await handle.result();
    }
    case "condition":
      return flag
        ? await condition(() => signals >= number % 4, (number % 3) * 1000)
        : await condition(() => signals >= number % 4);
    case "toggled":
      return await condition(() => toggle === flag);
    case "briefly": {
      let open = false;
      const opened = condition(() => open, number);
      open = true;
      for (let count = number % 3; count > 0; count--) await null;
      open = false;
      return await opened;
    }
    case "scope":
      return await CancellationScope.cancellable(() => perform(first));
    case "shielded":
      return await CancellationScope.nonCancellable(() => perform(first));
    case "timeout":
      return await CancellationScope.withTimeout(100, () => perform(first));
    case "cancelsItself":
      return await CancellationScope.cancellable(async () => {
        const running = perform(first);
        const other = perform(second).catch(() => 0);
        CancellationScope.current().cancel();
        await other;
        return await running;
      });
    case "cancelsAnother": {
      const scope = new CancellationScope({ cancellable: flag });
      const running = scope.run(() => perform(first));
      running.catch(() => 0);
      await perform(second);
      scope.cancel();
      try {
        return await running;
      } catch (error) {
        if (isCancellation(error)) return "cancelled";
        throw error;
      }
    }
    case "listensForCancellation":
      CancellationScope.current().cancelRequested.catch(() => {
        log.push("cancel requested");
        activities.onCancel!("x").catch(() => 0);
      });
      return await perform(first);
    case "try":
      try {
        return await perform(first);
      } catch (error) {
        log.push(String((error as Error)?.message));
        return flag ? await perform(second) : "caught";
      }
    case "cleanUp":
      try {
        return await perform(first);
      } catch (error) {
        if (isCancellation(error)) return await CancellationScope.nonCancellable(() => perform(second));
        throw error;
      }
    case "finally":
      try {
        return await perform(first);
      } finally {
        await perform(second);
      }
    case "trigger": {
      const trigger = new Trigger<unknown>();
      triggers.set(name, trigger);
      return await trigger;
    }
    case "resolve":
      return triggers.get(name)?.resolve(7);
    case "setTimeout":
      return await new Promise((resolve) => {
        setTimeout(() => resolve("timeout"), number);
      });
    case "clearTimeout": {
      const handle = setTimeout(() => void log.push("timeout"), number);
      await perform(first);
      return clearTimeout(handle);
    }
    case "patch":
      return await perform(patched(name) ? first : second);
    case "deprecatePatch":
      return deprecatePatch(name);
    case "random":
      return [Math.random(), uuid4(), Date.now(), new Date().toISOString()];
    case "memo":
      return upsertMemo({ [name]: number });
    case "searchAttributes":
      return upsertSearchAttributes({ [name]: [number] });
    case "signal":
      return await getExternalWorkflowHandle(`other-${name}`).signal("toOther", name);
    case "cancel":
      return await getExternalWorkflowHandle(`other-${name}`).cancel();
    case "throw":
      throw new ApplicationFailure(`failed ${name}`, "Type", true);
    case "yield":
      for (let count = number % 6; count > 0; count--) await null;
      return undefined;
    case "inner":
      return (async () => perform(first))();
    case "fork":
      perform(first).catch(() => 0);
      return undefined;
    case "group":
      return await createEventGroup(name).withScope(() => perform(first));
    case "info":
      return [workflowInfo().historyLength, workflowInfo().workflowId, workflowInfo().memo];
    case "continueAsNew":
      return await continueAsNew(number);
    case "handlersFinished":
      return await condition(allHandlersFinished);
    default:
      throw new TypeError(`unknown step ${kind}`);
  }
}

export async function program({
  early,
  earlyUpdates,
  defaultSignals,
  before,
  main,
  onSignal,
  onUpdate,
}: Program): Promise<unknown> {
  const handleSignal = async () => {
    toggle = !toggle;
    signals++;
    if (onSignal) await perform(onSignal);
    signals++;
  };
  const handleUpdate = async (argument: { fail?: boolean }) => {
    log.push(currentUpdateInfo()?.id);
    if (argument.fail) throw new ApplicationFailure("update failed");
    if (onUpdate) await perform(onUpdate);
    return [argument, signals];
  };
  const validator = ({ bad }: { bad?: boolean }) => {
    if (bad) throw new Error("bad update");
  };
  setHandler(look, () => [signals, log]);
  if (early) setHandler(poke, handleSignal);
  if (earlyUpdates) setHandler(change, handleUpdate, { validator });
  if (defaultSignals) setDefaultSignalHandler((name, ...args) => void log.push([name, args]));
  const first = before ? await perform(before) : undefined;
  setHandler(poke, handleSignal);
  setHandler(change, handleUpdate);
  const result = await perform(main);
  return [first, result, log, Math.random()];
}
