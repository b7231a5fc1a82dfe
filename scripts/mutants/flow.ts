/** Defects of flows. */
import type { Mutant } from "./mutant";

const folder = "ts/src/integrations/flow";

export const flow: Mutant[] = [
  {
    name: "flow-name-twice",
    file: `${folder}/builder.ts`,
    text: "    this.#names.add(name);\n    return name;\n  }\n\n  /** A free name",
    replacement: "    return name;\n  }\n\n  /** A free name",
    test: "ts/tests/flow/define.test.ts",
    quick: true,
  },
  {
    name: "flow-arm-without-way-on",
    file: `${folder}/graph.ts`,
    text: "ends : [...ends, { from, label: ",
    replacement: "ends : [{ from, label: ",
    test: "ts/tests/flow/define.test.ts",
    quick: true,
  },
  {
    name: "flow-undone-in-order",
    file: `${folder}/workflow/ending.ts`,
    text: "execution.undos.pop()!",
    replacement: "execution.undos.shift()!",
    test: "ts/tests/flow/failures.test.ts",
  },
  {
    name: "flow-losers-run-on",
    file: `${folder}/workflow/forks.ts`,
    text: "if (rival.name !== first) rival.scope.cancel();",
    replacement: "void rival;",
    test: "ts/tests/flow/verbs.test.ts",
  },
  {
    name: "flow-missing-handler-fails-the-run",
    file: `${folder}/workflow/calls.ts`,
    text: "if (cause?.type === failureTypes.missing) return",
    replacement: "if (cause?.type === failureTypes.turns) return",
    test: "ts/tests/flow/failures.test.ts",
  },
  {
    name: "flow-large-outputs-repeated",
    file: `${folder}/workflow/values.ts`,
    text: "|| bytes > room)",
    replacement: ")",
    test: "ts/tests/flow/sizes.test.ts",
  },
  {
    name: "flow-values-lost-when-continued",
    file: `${folder}/workflow/index.ts`,
    text: "execution.undos.push(...undos);",
    replacement: "void undos;",
    test: "ts/tests/flow/sizes.test.ts",
  },
  {
    name: "flow-items-one-too-far",
    file: `${folder}/workflow/for-each.ts`,
    text: "for (let index = saved?.index ?? 0;",
    replacement: "for (let index = saved === undefined ? 0 : saved.index + 1;",
    test: "ts/tests/flow/property.test.ts",
  },
  {
    name: "flow-secret-in-cause",
    file: `${folder}/secrets.ts`,
    text: "(this.maskError(cause) as Error)",
    replacement: "cause",
    test: "ts/tests/flow/services.test.ts",
  },
  {
    name: "flow-breaker-never-opens",
    file: `${folder}/breaker.ts`,
    text: "this.#openUntil = Date.now() + this.#cooldownMs;",
    replacement: "return error;",
    test: "ts/tests/flow/services.test.ts",
  },
  {
    name: "flow-steps-without-sign-of-life",
    file: `${folder}/pulse.ts`,
    text: "if (heartbeatTimeoutMs) this.#timer",
    replacement: "if (heartbeatTimeoutMs === -1) this.#timer",
    test: "ts/tests/flow/failures.test.ts",
  },
  {
    name: "flow-executed-part-not-compared",
    file: `${folder}/workflow/migration.ts`,
    text: "return JSON.stringify(one) === JSON.stringify(other);",
    replacement: "return one !== null || other !== null;",
    test: "ts/tests/flow/failures.test.ts",
  },
  {
    name: "flow-condition-asked-again",
    file: `${folder}/workflow/execution.ts`,
    text: 'if (frame.state?.kind !== "arm") {',
    replacement: "if (frame.state !== null) {",
    test: "ts/tests/flow/property.test.ts",
  },
];
