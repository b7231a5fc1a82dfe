/** Ways to know who sends: the vectors that their documentation publishes, and what differs from them by little. */
import { describe, expect, test } from "bun:test";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import * as auth from "../../../src/integrations/flow/http/auth";

const bytes = (text: string) => new TextEncoder().encode(text);
const hex = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex");

interface Case {
  name: string;
  way: auth.Auth;
  secret: string;
  at: number;
  headers: Record<string, string>;
  body: string;
  /** Header with the signature, whose time `signed` takes. */
  signed: string;
  timed: boolean;
}

const slackBody =
  "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const rawPublicKey = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
const asymmetric = sign(null, Buffer.from("msg_1.1614265330.{}"), privateKey).toString("base64");

const cases: Case[] = [
  {
    name: "github",
    way: auth.github({ secret: "It's a Secret to Everybody" }),
    secret: "It's a Secret to Everybody",
    at: 0,
    headers: { "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
    body: "Hello, World!",
    signed: "x-hub-signature-256",
    timed: false,
  },
  {
    name: "slack",
    way: auth.slack({ secret: "8f742231b10e8888abcd99yyyzzz85a5" }),
    secret: "8f742231b10e8888abcd99yyyzzz85a5",
    at: 1531420618_000,
    headers: {
      "x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    },
    body: slackBody,
    signed: "x-slack-signature",
    timed: true,
  },
  {
    name: "standardWebhooks",
    way: auth.standardWebhooks({ secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }),
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    at: 1614265330_000,
    headers: {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,x",
    },
    body: '{"test": 2432232314}',
    signed: "webhook-signature",
    timed: true,
  },
  {
    name: "standardWebhooks with a public key",
    way: auth.standardWebhooks({ secret: `whpk_${rawPublicKey}` }),
    secret: `whpk_${rawPublicKey}`,
    at: 1614265330_000,
    headers: { "webhook-id": "msg_1", "webhook-timestamp": "1614265330", "webhook-signature": `v1a,${asymmetric}` },
    body: "{}",
    signed: "webhook-signature",
    timed: true,
  },
  {
    name: "stripe",
    way: auth.stripe({ secret: "whsec_test" }),
    secret: "whsec_test",
    at: 1_700_000_000_000,
    headers: {
      "stripe-signature": `t=1700000000, v1=${hex("another", "1700000000.{}")},v1=${hex("whsec_test", "1700000000.{}")},v0=x`,
    },
    body: "{}",
    signed: "stripe-signature",
    timed: true,
  },
  {
    name: "hmac with a time",
    way: auth.hmac({ secret: "s", header: "x-sig", encoding: "base64", prefix: "hmac ", timestampHeader: "x-time" }),
    secret: "s",
    at: 1_700_000_000_000,
    headers: {
      "x-time": "1700000000",
      "x-sig": `hmac ${createHmac("sha256", "s").update("1700000000.{}").digest("base64")}`,
    },
    body: "{}",
    signed: "x-sig",
    timed: true,
  },
  {
    name: "bearer",
    way: auth.bearer({ token: "abc" }),
    secret: "abc",
    at: 0,
    headers: { authorization: "Bearer abc" },
    body: "",
    signed: "authorization",
    timed: false,
  },
  {
    name: "basic",
    way: auth.basic({ user: "ada", password: "pass:word" }),
    secret: "pass:word",
    at: 0,
    headers: { authorization: `Basic ${btoa("ada:pass:word")}` },
    body: "",
    signed: "authorization",
    timed: false,
  },
];

describe.each(cases)("$name", ({ way, secret, at, headers, body, signed, timed }) => {
  const refusal = (
    changes: { headers?: Record<string, string>; body?: string; at?: number; secrets?: string[] } = {},
  ) =>
    way.refusal(
      {
        headers: new Headers({ ...headers, ...changes.headers }),
        body: bytes(changes.body ?? body),
        at: changes.at ?? at,
      },
      changes.secrets ?? [secret],
    );

  test("takes what is signed", () => expect(refusal()).toBeUndefined());

  test("takes it by any of several secrets, and by none of others", () => {
    const other = secret.startsWith("whsec_M") ? "whsec_AAAA" : secret.startsWith("whpk_") ? "whsec_AAAA" : "other";
    expect(refusal({ secrets: [other, secret] })).toBeUndefined();
    expect(refusal({ secrets: [secret, other] })).toBeUndefined();
    expect(refusal({ secrets: [other] })).toBeString();
  });

  test("refuses a signature of which a character is another, that is cut, or that is missing", () => {
    const value = headers[signed]!;
    const right =
      signed === "webhook-signature" ? value.lastIndexOf("=") - 4 : value.length - (value.endsWith("x") ? 8 : 4);
    const flipped = value.slice(0, right) + (value[right] === "a" ? "b" : "a") + value.slice(right + 1);
    expect(refusal({ headers: { [signed]: flipped } })).toBeString();
    expect(refusal({ headers: { [signed]: value.slice(0, 9) } })).toBeString();
    expect(refusal({ headers: { [signed]: "" } })).toBeString();
  });

  if (body !== "") {
    test("refuses another body", () => {
      for (const other of [`${body} `, body.slice(1), body.toUpperCase() === body ? `${body}x` : body.toUpperCase()])
        expect(refusal({ body: other })).toBeString();
    });
  }

  if (timed) {
    test("takes times that are five minutes off, and no others", () => {
      for (const off of [-300_000, 300_000]) expect(refusal({ at: at + off })).toBeUndefined();
      expect(refusal({ at: at + 300_001 })).toBe("the time is more than 300 s ago");
      expect(refusal({ at: at - 300_001 })).toBe("the time is more than 300 s ahead");
    });

    test("refuses another time, and what is none", () => {
      const [name] = Object.entries(headers).find(([key]) => /time/.test(key)) ?? [];
      if (name === undefined) {
        expect(
          refusal({ headers: { [signed]: headers[signed]!.replace("t=1700000000", "t=1700000001") } }),
        ).toBeString();
        expect(refusal({ headers: { [signed]: headers[signed]!.replace("t=1700000000,", "") } })).toBe("no time");
        return;
      }
      expect(refusal({ headers: { [name]: String(at / 1000 + 1) } })).toBeString();
      for (const none of ["", "now", "-1", "1e9", "99999999999999999999"])
        expect(refusal({ headers: { [name]: none } })).toBe("no time");
    });
  }
});

test("secrets that are none are refused when they are given", () => {
  for (const secret of ["", [], undefined, 7] as unknown as string[])
    expect(() => auth.github({ secret })).toThrow("auth.github needs a secret");
  for (const secret of ["abc", "whsec_", "whsec_*", "whpk_AAAA"])
    expect(() => auth.standardWebhooks({ secret })).toThrow('is "whsec_" and base64');
  expect(() => auth.slack({ secret: "s", tolerance: 0 })).toThrow("tolerance must be more than nothing");
});

test("ids of deliveries, and Slack's greeting", () => {
  const id = (way: auth.Auth, headers: Record<string, string>, body?: unknown) =>
    way.deliveryId?.(new Headers(headers), body);
  expect(id(auth.github({ secret: "s" }), { "x-github-delivery": "g" })).toBe("g");
  expect(id(auth.stripe({ secret: "s" }), {}, { id: "evt" })).toBe("evt");
  expect(id(auth.slack({ secret: "s" }), {}, { event_id: "Ev" })).toBe("Ev");
  expect(id(auth.standardWebhooks({ secret: "whsec_AAAA" }), { "webhook-id": "m" })).toBe("m");
  for (const body of [undefined, null, 7, [], { id: 7 }, { id: "" }, Object.create({ id: "inherited" })])
    expect(id(auth.stripe({ secret: "s" }), {}, body)).toBeUndefined();
  expect(auth.slack({ secret: "s" }).greeting!({ type: "url_verification", challenge: "c" })).toEqual({
    challenge: "c",
  });
  expect(auth.slack({ secret: "s" }).greeting!({ type: "event", challenge: "c" })).toBeUndefined();
});
