import { expect, test } from "bun:test";
import { expectRecorded } from "../workflow/recorded/compare";

test.each(["opentelemetry", "opentelemetry-v2"])(
  "with %s random programs give the same commands, in the same order and with the same ids of spans, as with the official package",
  async (name) => {
    const workflowInterceptorModules = [`${import.meta.dir}/../../src/integrations/${name}/workflow-interceptors.ts`];
    expect(
      await expectRecorded(`${import.meta.dir}/recorded/programs-${name}.json.gz`, { workflowInterceptorModules }),
    ).toBe(80);
  },
  180_000,
);
