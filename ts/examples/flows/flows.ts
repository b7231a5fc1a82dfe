import { ApplicationFailure } from "temporal-bun-sdk/common";
import * as flow from "temporal-bun-sdk/flow";
import { done } from "./outside";
import { object } from "./schema";

/** How long a step whose Worker was killed waits for another one. By default 20 seconds; here nobody wants to wait. */
const defaults = { heartbeat: "1s" } as const;

/** What the shop signs its orders with. A project would have it in the environment: `flow.secret("WEBHOOK_SECRET")`. */
export const webhookSecret = "whsec_c2VjcmV0IG9mIHRoZSBleGFtcGxl";

/** What the links are signed with by which people decide. A project has it in `FLOW_SIGNING_KEY`. */
export const signingKeys = ["an-example-of-a-key-that-is-no-secret"];

export const receipt = flow.define(
  { id: "receipt", payload: object<{ orderId: string; cents: number }>("orderId", "cents"), defaults },
  (f) =>
    f
      .transform("text", ({ payload }) => `${payload.orderId}: ${(payload.cents / 100).toFixed(2)}`)
      .step("send", async ({ last, run }) => done(run, `sent the receipt "${last}"`)),
);

export const order = flow.define(
  {
    id: "order",
    payload: object<{ id: string; cents: number; express: boolean }>("id", "cents", "express"),
    triggers: [
      flow.webhook("/orders", { auth: flow.auth.standardWebhooks({ secret: webhookSecret }), respond: "result" }),
    ],
    defaults,
  },
  (f) =>
    f
      .step("charge", async ({ payload, run }) => done(run, `charged ${payload.cents}`), {
        undo: async ({ payload, run }) => done(run, `gave back ${payload.cents}`),
      })
      .if("express", ({ payload }) => payload.express)
      .step("courier", async ({ run }) => done(run, "called a courier"), {
        undo: async ({ run }) => done(run, "sent the courier home"),
      })
      .else()
      .step("parcel", async ({ run }) => done(run, "queued a parcel"))
      .endIf()
      .subflow("receipt", receipt, ({ payload }) => ({ orderId: payload.id, cents: payload.cents }))
      .race("delivery", {
        delivered: (b) => b.step("ask", async ({ run }) => done(run, "the customer has it")),
        late: (b) => b.sleep("3 days").step("complain", async ({ run }) => done(run, "complained")),
      })
      .step("close", async ({ payload, steps, run }) => {
        // Of one order nobody wants to hear again: what was done for it is undone.
        if (payload.id === "unwanted") throw ApplicationFailure.nonRetryable(`order ${payload.id} can't be closed`);
        return { delivery: steps.delivery.output.branch, closed: await done(run, "closed the order") };
      }),
);

/** What the warehouse says. It is kept, so that it may come before an order waits for it. */
export const shipped = flow.event("order.shipped", {
  payload: object<{ id: string }>("id"),
  key: ({ id }) => id,
  retain: "1 hour",
});

/** Large orders: a person agrees first. One comes by itself each Monday. */
export const bulk = flow.define(
  {
    id: "bulk",
    payload: object<{ id: string; cents: number }>("id", "cents"),
    triggers: [
      flow.webhook("/bulk", { auth: flow.auth.standardWebhooks({ secret: webhookSecret }) }),
      flow.schedule("0 6 * * 1", { payload: { id: "standing", cents: 99_000 }, name: "weekly" }),
    ],
    concurrency: { limit: 10 },
    defaults,
  },
  (f) =>
    f
      .step("charge", async ({ payload, run }) => done(run, `charged ${payload.cents}`), {
        undo: async ({ payload, run }) => done(run, `gave back ${payload.cents}`),
      })
      // A project sends a mail with the link in it.
      .humanInTheLoop("agree", { timeout: "3 days", notify: (_, { token }) => console.log(`to decide: ${token}`) })
      .if("refused", ({ last }) => last.decision === "denied")
      .cancel("nobody agreed")
      .endIf()
      .waitForEvent("shipped", shipped, { match: ({ payload }) => payload.id, timeout: "3 days" })
      .subflow("receipt", receipt, ({ payload }) => ({ orderId: payload.id, cents: payload.cents }))
      .transform("end", ({ steps }) => `agreed by ${steps.agree.output.by}, ${steps.receipt.output}`),
);
