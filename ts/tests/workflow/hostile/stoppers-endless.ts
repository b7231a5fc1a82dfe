/** What never comes back. */
import { asked, updated } from "./messages";
import type { Stopper } from "./rows";

export const endless: readonly Stopper[] = [
  {
    code: "for (;;);",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "await null; for (;;);",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "const again = () => queueMicrotask(again); again(); await sleep(1000)",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "const again = async () => { for (;;) await null; }; await again()",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "return { get a() { for (;;); } }",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "return { toJSON() { for (;;); } }",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "throw { toString() { for (;;); } }",
    fails:
      "{} [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
    loops: true,
    realmOnly: true,
  },
  {
    code: "throw Object.defineProperty(new Error('x'), 'message', { get() { for (;;); } })",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "throw Object.defineProperty(new Error('x'), 'stack', { get() { for (;;); } })",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "Error.prepareStackTrace = () => { for (;;); }; throw new Error('x')",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "workflow.log.info('x', { get a() { for (;;); } }); return 'went on'",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "await workflow.condition(() => { for (;;); })",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "try { for (;;); } finally { for (;;); }",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "try { for (;;); } catch { return 'caught'; }",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "/(x+x+)+y/.test('x'.repeat(30)); return 'went on'",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { for (;;); }); await sleep(1000); return 'went on'",
    then: asked,
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "workflow.setHandler(workflow.defineUpdate('change'), () => 1, { validator: () => { for (;;); } }); await sleep(1000); return 'went on'",
    then: updated,
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "workflow.setHandler(workflow.defineUpdate('change'), async () => { workflow.allHandlersFinished; for (;;) await null; }); await sleep(1000); return 'went on'",
    then: updated,
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
  },
  {
    code: "Object.prototype.then = function () { for (;;); }; await sleep(1000); return {}",
    fails:
      "[TMPRL1101] Potential deadlock detected: the workflow didn't yield within 200 ms. Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    loops: true,
    realmOnly: true,
  },
  {
    code: "Error.prototype.toString = () => { for (;;); }; throw new Error('x')",
    fails: "x",
    loops: true,
    realmOnly: true,
  },
];
