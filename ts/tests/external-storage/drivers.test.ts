import { describe, expect, test } from "bun:test";
import { type Payload, StorageDriverClaim, type StorageDriverTargetInfo, ValueError } from "../../src/common";
import { GcsStorageDriver } from "../../src/integrations/external-storage/gcs";
import { S3StorageDriver } from "../../src/integrations/external-storage/s3";
import { rejection } from "../worker/support";
import official from "./recorded/official.json";

const text = (value: string) => new TextEncoder().encode(value);
const payload = (value: string): Payload => ({
  metadata: { encoding: text("json/plain") },
  data: text(JSON.stringify(value)),
});

/** Objects in memory, for drivers of both kinds, and what was asked of them. */
class Objects {
  readonly stored = new Map<string, Uint8Array>();
  readonly calls: string[] = [];
  /** What requests wait for, or fail with. */
  before: (object: string, abortSignal: AbortSignal | undefined) => Promise<void> | void = () => undefined;

  async #call(name: string, object: string, options?: { abortSignal?: AbortSignal }): Promise<void> {
    this.calls.push(name);
    await this.before(object, options?.abortSignal);
  }
  readonly save = async (bucket: string, object: string, data: Uint8Array, options?: { abortSignal?: AbortSignal }) => {
    await this.#call("put", object, options);
    this.stored.set(`${bucket}/${object}`, data);
  };
  readonly putObject = this.save;
  readonly objectExists = async (bucket: string, object: string) => {
    this.calls.push("exists");
    return this.stored.has(`${bucket}/${object}`);
  };
  readonly download = async (bucket: string, object: string, options?: { abortSignal?: AbortSignal }) => {
    await this.#call("get", object, options);
    const bytes = this.stored.get(`${bucket}/${object}`);
    if (bytes === undefined) throw new Error("no such object");
    return bytes;
  };
  readonly getObject = this.download;
  readonly describe = () => ({ region: "moon" });
}

describe.each([
  ["S3", S3StorageDriver, official.s3, "key"],
  ["Google Cloud Storage", GcsStorageDriver, official.gcs, "object"],
] as const)("%s", (_, Driver, recorded, location) => {
  const make = (options: object = {}) => {
    const objects = new Objects();
    return { objects, driver: new Driver({ client: objects, bucket: "payloads", ...options }) };
  };

  test("what is stored has the names, claims and bytes of the official driver", async () => {
    const { driver, objects } = make();
    const value = {
      metadata: { encoding: text("json/plain"), other: new Uint8Array([0, 255]) },
      data: text('"stored by the official driver"'),
    };
    const claims: Record<string, string>[] = [];
    for (const target of official.targets)
      claims.push(
        (await driver.store({ target: (target ?? undefined) as StorageDriverTargetInfo }, [value]))[0]!.claimData,
      );
    expect(claims).toEqual(recorded.claims as Record<string, string>[]);
    expect([...new Set([...objects.stored.values()].map((bytes) => bytes.toBase64()))]).toEqual(recorded.bytes);
    expect([driver.name, driver.type]).toEqual([recorded.name, recorded.type] as (typeof driver.type)[]);
  });

  test("what the official driver stored is read", async () => {
    const { driver, objects } = make();
    const bytes = Uint8Array.fromBase64(recorded.bytes[0]!);
    for (const claim of recorded.claims as Record<string, string>[])
      objects.stored.set(`payloads/${claim[location]}`, bytes);
    const payloads = await driver.retrieve(
      {},
      recorded.claims.map((claim) => new StorageDriverClaim(claim)),
    );
    for (const { metadata, data } of payloads) {
      expect(metadata!["encoding"]).toEqual(text("json/plain"));
      expect(data).toEqual(text('"stored by the official driver"'));
    }
    expect(payloads).toHaveLength(official.targets.length);
  });

  test("payloads come back in their order, and each is stored once", async () => {
    const { driver, objects } = make();
    const values = ["a", "b", "a", "c"].map(payload);
    const claims = await driver.store({}, values);
    expect(await driver.retrieve({}, claims)).toEqual(values);
    expect(objects.stored.size).toBe(3);
    expect(objects.calls.filter((call) => call === "put")).toHaveLength(3);
  });

  test("a function chooses buckets, and drivers may have names of their own", async () => {
    const bucket = ({ target }: { target?: StorageDriverTargetInfo }, { data }: Payload) =>
      `${target?.namespace}-${data!.length}`;
    const { driver, objects } = make({ bucket, driverName: "mine" });
    await driver.store({ target: { kind: "workflow", namespace: "n" } }, [payload("12"), payload("123")]);
    expect([...objects.stored.keys()].map((name) => name.split("/")[0])).toEqual(["n-4", "n-5"]);
    expect(driver.name).toBe("mine");
    expect(await rejection(make({ bucket: () => "" }).driver.store({}, [payload("")]))).toBeInstanceOf(ValueError);
  });

  test("payloads above the maximum are refused, and maxima that are none", async () => {
    const { driver, objects } = make({ maxPayloadSize: 100 });
    const error = await rejection(driver.store({}, [payload("x".repeat(100))]));
    expect(error).toBeInstanceOf(ValueError);
    expect(error.message).toMatch(/1\d\d bytes is larger than the maxPayloadSize of 100 bytes/);
    expect(objects.calls).toEqual([]);
    for (const maxPayloadSize of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => make({ maxPayloadSize })).toThrow(ValueError);
  });

  test("objects that are not what was stored are refused, and claims that lack something", async () => {
    const { driver, objects } = make();
    const [claim] = await driver.store({}, [payload("true")]);
    const { claimData } = claim!;
    for (const field of ["bucket", location, "hashAlgorithm", "hashValue"]) {
      const { [field]: _removed, ...rest } = claimData;
      const error = await rejection(driver.retrieve({}, [new StorageDriverClaim(rest)]));
      expect(error).toBeInstanceOf(ValueError);
      expect(error.message).toContain(`has no ${field}`);
    }
    const unknown = await rejection(
      driver.retrieve({}, [new StorageDriverClaim({ ...claimData, hashAlgorithm: "md5" })]),
    );
    expect(unknown.message).toContain("not 'md5'");
    for (const name of objects.stored.keys()) objects.stored.set(name, text("false"));
    const error = await rejection(driver.retrieve({}, [claim!]));
    expect(error).toBeInstanceOf(ValueError);
    expect(error.message).toContain("is not what was stored");
  });

  test("errors of the store say where, and have the store's own as their cause", async () => {
    const { driver, objects } = make();
    const cause = new Error("access denied");
    objects.before = () => Promise.reject(cause);
    const error = await rejection(driver.store({}, [payload("a")]));
    expect(error.message).toMatch(
      new RegExp(
        `failed to store \\[bucket=payloads, ${location}=v0/d/sha256/[0-9a-f]{64}, region=moon\\]: access denied`,
      ),
    );
    expect(error.cause).toBe(cause);
    Object.assign(objects, {
      describe: () => {
        throw new Error("no description");
      },
    });
    const claim = new StorageDriverClaim({ bucket: "b", [location]: "o", hashAlgorithm: "sha256", hashValue: "h" });
    expect((await rejection(driver.retrieve({}, [claim]))).message).toContain(
      `failed to retrieve [bucket=b, ${location}=o]: access denied`,
    );
  });

  test("when one request fails the others are told to stop, and are waited for", async () => {
    const { driver, objects } = make();
    const ended: string[] = [];
    let count = 0;
    objects.before = async (_object, abortSignal) => {
      if (++count === 1) throw new Error("first");
      await new Promise((resolve) => abortSignal!.addEventListener("abort", resolve));
      await new Promise((resolve) => setImmediate(resolve));
      ended.push("stopped");
      abortSignal!.throwIfAborted();
    };
    expect((await rejection(driver.store({}, ["a", "b", "c"].map(payload)))).message).toContain("first");
    expect(ended).toEqual(["stopped", "stopped"]);
    // And from outside.
    const outer = new AbortController();
    objects.before = async (_object, abortSignal) => {
      outer.abort(new Error("enough"));
      abortSignal!.throwIfAborted();
    };
    expect((await rejection(driver.store({ abortSignal: outer.signal }, [payload("d")]))).message).toContain("enough");
  });
});

test("S3: what is there already isn't stored once more", async () => {
  const objects = new Objects();
  const driver = new S3StorageDriver({ client: objects, bucket: "payloads" });
  await driver.store({}, [payload("a")]);
  await driver.store({}, [payload("a")]);
  expect(objects.calls).toEqual(["exists", "put", "exists"]);
});
