/** Failures of Nexus handlers that the server refuses for their size: it takes 2 MiB, and 4 MiB in a request. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as nexus from "nexus-rpc";
import { ApplicationFailure } from "../../src/common";
import { causes, rejection } from "../worker/support";
import { shop } from "./fixtures/service";
import { operation, serving } from "./support";

setDefaultTimeout(180_000);

/** Why `greet` failed, from the outermost error to the root cause. */
const failing = async (error: () => Error): Promise<any[]> => {
  const handler = nexus.serviceHandler(shop, {
    greet: async () => {
      throw error();
    },
    order: async () => "",
  });
  return serving<typeof shop, any[]>(handler, async ({ service }) =>
    causes(await rejection(service.executeOperation("greet", "Ann", operation()))),
  );
};

describe.each([3_000_000, 6_000_000])("a failure of %d bytes arrives without its details", (size) => {
  const large = () =>
    ApplicationFailure.create({ message: "large", type: "Large", nonRetryable: true, details: ["d".repeat(size)] });
  const told = new RegExp(
    `^large … \\[The failure of Nexus operation 'shop\\.greet' has ${Math.floor(size / 1e6)}\\d{6} bytes, and the server takes 2097152: its details and causes were left out\\]$`,
  );

  test("of a request", async () => {
    const chain = await failing(() => new nexus.HandlerError("BAD_REQUEST", "no", { cause: large() }));
    expect(chain.find(({ name }) => name === "HandlerError")).toMatchObject({ type: "BAD_REQUEST", message: "no" });
    expect(chain.at(-1)).toMatchObject({ type: "Large", nonRetryable: true, details: [] });
    expect(chain.at(-1).message).toMatch(told);
  });

  test("of an operation", async () => {
    const chain = await failing(() => new nexus.OperationError("failed", "no", { cause: large() }));
    expect(chain.map(({ message }) => message)).toContain("no");
    expect(chain.at(-1)).toMatchObject({ type: "Large", nonRetryable: true, details: [] });
    expect(chain.at(-1).message).toMatch(told);
  });
});

test("a message that is too long arrives shortened", async () => {
  const chain = await failing(() => ApplicationFailure.nonRetryable("m".repeat(6_000_000)));
  expect(chain.at(-1).message).toContain("too long to be sent: 6000000 characters");
});
