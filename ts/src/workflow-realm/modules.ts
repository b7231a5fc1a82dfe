/**
 * Which modules Workflow code may import: the one table, for the bundler, which decides about imports by it, and for
 * the sandbox, which gives what is shared.
 */

/**
 * Paths of this SDK below `ts/src`: a file, or a folder with all that is in it. The longest one decides about a file.
 */
const uses = {
  common: "temporal-bun-sdk/common",
  "common/converter/payload-search-attributes.ts": "temporal-bun-sdk/common/converter/payload-search-attributes",
  "common/encoding.ts": "temporal-bun-sdk/common/encoding",
  "common/interceptors.ts": "temporal-bun-sdk/common/interceptors",
  "common/reserved.ts": "temporal-bun-sdk/common/reserved",
  "common/search-attributes.ts": "temporal-bun-sdk/common/search-attributes",
  "common/time.ts": "temporal-bun-sdk/common/time",
  "common/type-helpers.ts": "temporal-bun-sdk/common/type-helpers",
  workflow: "temporal-bun-sdk/workflow",
  "workflow/tracing.ts": "temporal-bun-sdk/workflow/tracing",

  // Loads the user's own `protobufjs`.
  "common/protobufs": "bundled",
  // OpenTelemetry's globals must be the run's own. The whole of it, since programs of the official SDK import it whole.
  "integrations/opentelemetry": "bundled",
  "integrations/opentelemetry-v2": "bundled",
  "integrations/flow/plan.ts": "bundled",
  "integrations/flow/workflow": "bundled",
  "payloads/proto-utils.ts": "bundled",
  plugin: "bundled",
  "integrations/workflow-streams/workflow.ts": "bundled",
  "integrations/workflow-streams/codec.ts": "bundled",
  "integrations/workflow-streams/log.ts": "bundled",
  "integrations/workflow-streams/types.ts": "bundled",
  "testing/assert-to-failure-interceptor.ts": "bundled",
  proto: "bundled",
} as const;

type Uses = (typeof uses)[keyof typeof uses];

/** Names under which bundles ask for modules of this SDK that all runs of a thread share. */
export type SharedModule = Exclude<Uses, "bundled">;

/** What Workflow code may do with a file of this SDK: go into the bundle, stand for a shared module, or neither. */
type ModuleUse = Uses | "forbidden";

const paths = (Object.keys(uses) as (keyof typeof uses)[]).sort((a, b) => b.length - a.length);
const shared: ReadonlySet<string> = new Set(Object.values(uses).filter((use) => use !== "bundled"));

/**
 * What Workflow code may do with a file. What isn't in the table is forbidden, so that nothing is allowed by mistake.
 *
 * @param file its path below `ts/src`, with slashes
 */
export function useOf(file: string): ModuleUse {
  const path = paths.find((path) => file === path || file.startsWith(`${path}/`));
  return path === undefined ? "forbidden" : uses[path];
}

/** Whether a specifier is the name of a shared module. */
export function isShared(specifier: string): specifier is SharedModule {
  return shared.has(specifier);
}

/** Path of a shared module below `ts/src`, by its name; undefined if there is none of that name. */
export function fileOfShared(name: string): string | undefined {
  return paths.find((path) => uses[path] === name);
}
