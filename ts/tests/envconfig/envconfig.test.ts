import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ValueError } from "../../src/common";
import {
  type ClientConfig,
  clientConfigToToml,
  fromTomlConfig,
  fromTomlProfile,
  loadClientConfig,
  loadClientConfigFromToml,
  loadClientConfigProfile,
  loadClientConnectConfig,
  loadConfigData,
  toClientOptions,
  toTomlConfig,
  toTomlProfile,
} from "../../src/envconfig";
import { configurationFile } from "../../src/envconfig/environment";

const bytes = (text: string) => new TextEncoder().encode(text);

const file = `
[profile.default]
address = "default.test:7233"
namespace = "default-namespace"

[profile.cloud]
address = "cloud.test:7233"
namespace = "cloud-namespace"
api_key = "secret-key"
codec = { endpoint = "https://codec.test", auth = "codec-auth" }
[profile.cloud.tls]
server_name = "name.test"
client_cert_path = "/crt.pem"
client_key_data = "key"
server_ca_cert_data = "ca"
[profile.cloud.grpc_meta]
"Some_Long_Key" = "from the file"
other = "1"
`;

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "envconfig-"));
  path = join(folder, "temporal.toml");
  writeFileSync(path, file);
});
afterAll(() => rmSync(folder, { recursive: true }));

const cloud = {
  address: "cloud.test:7233",
  namespace: "cloud-namespace",
  apiKey: "secret-key",
  tls: {
    serverName: "name.test",
    clientCert: { path: "/crt.pem" },
    clientKey: { data: bytes("key") },
    serverCACert: { data: bytes("ca") },
  },
  grpcMeta: { "some-long-key": "from the file", other: "1" },
};

describe("loadClientConfig", () => {
  test("reads all profiles: of a file, of text, of bytes", () => {
    const expected: ClientConfig = {
      profiles: { default: { address: "default.test:7233", namespace: "default-namespace" }, cloud },
    };
    for (const configSource of [{ path }, { data: file }, { data: bytes(file) }])
      expect(loadClientConfig({ configSource })).toEqual(expected);
    expect(loadClientConfigFromToml(bytes(file), { strict: true })).toEqual(expected);
  });

  test("finds the file by TEMPORAL_CONFIG_FILE, and in the user's folder", () => {
    expect(Object.keys(loadClientConfig({ overrideEnvVars: { TEMPORAL_CONFIG_FILE: path } }).profiles)).toEqual([
      "default",
      "cloud",
    ]);
    const home = mkdtempSync(join(folder, "home-"));
    const own = configurationFile({ HOME: home }, process.platform)!;
    expect(loadClientConfig({ overrideEnvVars: { HOME: home } })).toEqual({ profiles: {} });
    mkdirSync(join(own, ".."), { recursive: true });
    writeFileSync(own, '[profile.home]\naddress = "home.test"');
    expect(loadClientConfig({ overrideEnvVars: { HOME: home } })).toEqual({
      profiles: { home: { address: "home.test" } },
    });
    // The environment changes nothing here.
    expect(loadClientConfig({ overrideEnvVars: { HOME: home, TEMPORAL_ADDRESS: "other" } }).profiles).toEqual({
      home: { address: "home.test" },
    });
  });

  test("without options, by the process's environment", () => {
    process.env.TEMPORAL_CONFIG_FILE = path;
    try {
      expect(loadClientConfig().profiles.cloud).toEqual(cloud);
      expect(loadClientConfigProfile({ profile: "cloud", disableEnv: true })).toEqual(cloud);
    } finally {
      delete process.env.TEMPORAL_CONFIG_FILE;
    }
  });

  test.each<[Record<string, string>, NodeJS.Platform, string | undefined]>([
    [{ HOME: "/h" }, "linux", "/h/.config/temporalio/temporal.toml"],
    [{ HOME: "/h", XDG_CONFIG_HOME: "/x" }, "linux", "/x/temporalio/temporal.toml"],
    [{ HOME: "/h", XDG_CONFIG_HOME: "x" }, "linux", undefined],
    [{}, "linux", undefined],
    [{ HOME: "/h" }, "darwin", "/h/Library/Application Support/temporalio/temporal.toml"],
    [{}, "darwin", undefined],
    [{ APPDATA: "/a" }, "win32", "/a/temporalio/temporal.toml"],
    [{ HOME: "/h" }, "win32", undefined],
    [{ HOME: "/h", TEMPORAL_CONFIG_FILE: "f" }, "linux", "f"],
  ])("the file for %p on %s is %s", (environment, platform, expected) =>
    expect(configurationFile(environment, platform)).toBe(expected),
  );

  test("files that do not exist are empty, others that can't be read are errors", () => {
    expect(loadClientConfig({ configSource: { path: join(folder, "nothing") } })).toEqual({ profiles: {} });
    expect(() => loadClientConfig({ configSource: { path: folder } })).toThrow("EISDIR");
  });
});

describe("what is wrong in a file", () => {
  const load = (data: string | Uint8Array, configFileStrict?: boolean) =>
    loadClientConfig({ configSource: { data }, configFileStrict });

  test.each([
    [
      "[profile",
      "Invalid TOML document: incomplete key-value: cannot find end of key (line 1, column 2 of the configuration)",
    ],
    ["profile = 1", "profile must be a table, got a number"],
    ["[profile]\na = []", "profile.a must be a table, got an array"],
    ["[profile.a]\naddress = 7233", "profile.a.address must be a string, got a number"],
    ["[profile.a]\naddress = 2026-11-21", "profile.a.address must be a string, got a date"],
    ["[profile.a.tls]\ndisabled = 'no'", "profile.a.tls.disabled must be a boolean, got a string"],
    ["[profile.a.grpc_meta]\nx = true", "profile.a.grpc_meta.x must be a string, got a boolean"],
    ["[profile.a]\ntls = true", "profile.a.tls must be a table, got a boolean"],
    [
      "[profile.a.tls]\nclient_key_path = 'a'\nclient_key_data = 'b'",
      "Cannot specify both client_key_path and client_key_data",
    ],
  ])("%p", (text, message) => {
    expect(() => load(text)).toThrow(ValueError);
    expect(() => load(text)).toThrow(message);
  });

  test("is told by file, line and key, but without the values", () => {
    const wrong = join(folder, "wrong.toml");
    writeFileSync(wrong, '[profile.a]\napi_key = "very secret\n');
    const error = (() => {
      try {
        loadClientConfig({ configSource: { path: wrong } });
      } catch (reason) {
        return reason as Error;
      }
    })();
    expect(error?.message).toContain(`(line 2, column 23 of ${wrong})`);
    expect(Bun.inspect(error)).not.toContain("very secret");
  });

  test("bytes that are no UTF-8", () =>
    expect(() => load(new Uint8Array([0xff, 0xfe]))).toThrow("the configuration is no UTF-8"));

  test.each([
    ["other = 1", "Validation error: key(s) unrecognized: other; the keys are profile"],
    [
      "[profile.a]\naddres = 'x'",
      "Validation error: key(s) unrecognized in profile.a: addres; the keys are address, namespace, api_key, tls, codec, grpc_meta",
    ],
    ["[profile.a.tls]\nverify = true", "Validation error: key(s) unrecognized in profile.a.tls: verify"],
    ["[profile.a.codec]\nurl = 'x'", "Validation error: key(s) unrecognized in profile.a.codec: url"],
  ])("unknown keys, if strict: %p", (text, message) => {
    expect(() => load(text, true)).toThrow(message);
    expect(() => loadClientConfigFromToml(bytes(text), { strict: true })).toThrow(message);
    load(text);
    loadClientConfigFromToml(bytes(text), { strict: false });
  });

  test("names of profiles and metadata are free, whatever they mean in JavaScript", () => {
    const { profiles } = load(
      "[profile.__proto__]\naddress = 'a'\n[profile.toString.grpc_meta]\nconstructor = 'x'",
      true,
    );
    expect(Object.keys(profiles)).toEqual(["__proto__", "toString"]);
    expect(profiles.toString as unknown).toEqual({ grpcMeta: { constructor: "x" } });
    expect(() =>
      loadClientConfigProfile({ configSource: { data: "" }, profile: "constructor", overrideEnvVars: {} }),
    ).toThrow("Profile 'constructor' not found in config data: the profiles are none");
  });
});

describe("loadClientConfigProfile", () => {
  const load = (overrideEnvVars: Record<string, string>, options = {}) =>
    loadClientConfigProfile({ configSource: { data: file }, overrideEnvVars, ...options });

  test("takes the profile that is asked for, that of TEMPORAL_PROFILE, or the default", () => {
    expect(load({}).address).toBe("default.test:7233");
    expect(load({ TEMPORAL_PROFILE: "cloud" })).toEqual(cloud);
    expect(load({ TEMPORAL_PROFILE: "default" }, { profile: "cloud" })).toEqual(cloud);
    expect(load({ TEMPORAL_PROFILE: "" }).address).toBe("default.test:7233");
    expect(loadClientConfigProfile({ configSource: { data: "" }, overrideEnvVars: {} })).toEqual({});
    for (const options of [{ profile: "nothing" }, { overrideEnvVars: { TEMPORAL_PROFILE: "nothing" } }]) {
      expect(() => load({}, options)).toThrow(
        'Profile \'nothing\' not found in config data: the profiles are "default", "cloud"',
      );
    }
  });

  test("environment variables stand over the file", () => {
    const profile = load(
      {
        TEMPORAL_ADDRESS: "env.test:1",
        TEMPORAL_NAMESPACE: "env-namespace",
        TEMPORAL_API_KEY: "env-key",
        TEMPORAL_TLS: "true",
        TEMPORAL_TLS_SERVER_NAME: "env-name",
        TEMPORAL_TLS_CLIENT_CERT_PATH: "/env.crt",
        TEMPORAL_TLS_CLIENT_KEY_DATA: "env key",
        TEMPORAL_TLS_SERVER_CA_CERT_DATA: "env ca",
        TEMPORAL_GRPC_META_SOME_LONG_KEY: "env",
        TEMPORAL_GRPC_META_OTHER: "",
        TEMPORAL_GRPC_META_NEW_ONE: "2",
        TEMPORAL_GRPC_META_: "nothing",
        TEMPORAL_CODEC_ENDPOINT: "https://env.test",
        UNRELATED: "x",
      },
      { profile: "cloud" },
    );
    expect(profile).toEqual({
      address: "env.test:1",
      namespace: "env-namespace",
      apiKey: "env-key",
      tls: {
        disabled: false,
        serverName: "env-name",
        clientCert: { path: "/env.crt" },
        clientKey: { data: bytes("env key") },
        serverCACert: { data: bytes("env ca") },
      },
      grpcMeta: { "some-long-key": "env", "new-one": "2" },
    });
  });

  test("paths and data of TLS by environment variables alone", () => {
    const profile = load({
      TEMPORAL_TLS_CLIENT_CERT_DATA: "c",
      TEMPORAL_TLS_CLIENT_KEY_PATH: "/k",
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: "/a",
    });
    expect(profile.tls).toEqual({
      clientCert: { data: bytes("c") },
      clientKey: { path: "/k" },
      serverCACert: { path: "/a" },
    });
    expect(() => load({ TEMPORAL_TLS_CLIENT_KEY_PATH: "/k" }, { profile: "cloud" })).toThrow(
      "Cannot specify both client_key_path and client_key_data",
    );
  });

  test.each<[string, boolean | undefined]>([
    ["true", false],
    ["1", false],
    ["TRUE", false],
    ["false", true],
    ["0", true],
  ])("TEMPORAL_TLS=%s means disabled is %p", (value, disabled) =>
    expect(load({ TEMPORAL_TLS: value }).tls).toEqual({ disabled }),
  );

  test("TEMPORAL_TLS is true or false", () =>
    expect(() => load({ TEMPORAL_TLS: "yes" })).toThrow('TEMPORAL_TLS must be "true" or "false", got "yes"'));

  test("file and environment can be disabled, but not both", () => {
    const overrideEnvVars = { TEMPORAL_ADDRESS: "env.test:1", TEMPORAL_PROFILE: "cloud" };
    expect(load(overrideEnvVars, { disableFile: true })).toEqual({ address: "env.test:1" });
    expect(load(overrideEnvVars, { disableEnv: true })).toEqual(cloud);
    expect(() => load({}, { disableEnv: true, disableFile: true })).toThrow(
      "Cannot disable both file and environment loading",
    );
  });

  test("strictness goes for profiles too", () => {
    expect(() =>
      loadClientConfigProfile({ configSource: { data: "x = 1" }, configFileStrict: true, overrideEnvVars: {} }),
    ).toThrow("key(s) unrecognized: x");
  });
});

describe("TOML and back", () => {
  test("of a configuration", () => {
    const config: ClientConfig = { profiles: { "with space": cloud, empty: {}, off: { tls: { disabled: true } } } };
    const text = new TextDecoder().decode(clientConfigToToml(config));
    expect(text).toContain('[profile."with space".tls]');
    expect(loadClientConfigFromToml(bytes(text), { strict: true })).toEqual(config);
    expect(fromTomlConfig(toTomlConfig(config))).toEqual(config);
  });

  test("of a profile", () => {
    const toml = toTomlProfile({ ...cloud, tls: { clientCert: { path: "/c" }, clientKey: { data: "text" } } });
    expect(toml).toEqual({
      address: "cloud.test:7233",
      namespace: "cloud-namespace",
      api_key: "secret-key",
      tls: { client_cert_path: "/c", client_key_data: "text" },
      grpc_meta: { "some-long-key": "from the file", other: "1" },
    });
    expect(fromTomlProfile(toml).tls).toEqual({ clientCert: { path: "/c" }, clientKey: { data: bytes("text") } });
    expect(toTomlProfile({ grpcMeta: { A_B_C: "x" } })).toEqual({ grpc_meta: { "a-b-c": "x" } });
  });
});

test("loadConfigData", () => {
  expect(loadConfigData()).toBeUndefined();
  expect(loadConfigData({ data: "é" })).toEqual(bytes("é"));
  expect(loadConfigData({ data: bytes("x") })).toEqual(bytes("x"));
  expect(loadConfigData({ path })).toEqual(bytes(file));
  expect(() => loadConfigData({ path: join(folder, "nothing") })).toThrow("ENOENT");
});

describe("toClientOptions", () => {
  test("reads certificates, and knows when TLS is on", () => {
    writeFileSync(join(folder, "crt.pem"), "the certificate");
    const profile = { ...cloud, tls: { ...cloud.tls, clientCert: { path: join(folder, "crt.pem") } } };
    expect(toClientOptions(profile)).toEqual({
      namespace: "cloud-namespace",
      connectionOptions: {
        address: "cloud.test:7233",
        apiKey: "secret-key",
        metadata: { "some-long-key": "from the file", other: "1" },
        tls: {
          serverNameOverride: "name.test",
          serverRootCACertificate: bytes("ca"),
          clientCertPair: { crt: bytes("the certificate"), key: bytes("key") },
        },
      },
    });
    expect(toClientOptions({}).connectionOptions.tls).toBeUndefined();
    expect(toClientOptions({ tls: {} }).connectionOptions.tls).toEqual({});
    expect(toClientOptions({ apiKey: "k" }).connectionOptions.tls).toBe(true);
    expect(
      toClientOptions({ apiKey: "k", tls: { disabled: true, clientCert: { path: "/nothing" } } }).connectionOptions.tls,
    ).toBe(false);
  });

  test("a certificate needs its key, and a key its certificate", () => {
    expect(() => toClientOptions({ tls: { clientCert: { data: "x" } } })).toThrow(
      "a client certificate without its key",
    );
    expect(() => toClientOptions({ tls: { clientKey: { data: "x" } } })).toThrow(
      "a client key without its certificate",
    );
  });

  test("loadClientConnectConfig is both in one", () => {
    expect(
      loadClientConnectConfig({ configSource: { data: file }, overrideEnvVars: { TEMPORAL_NAMESPACE: "n" } }),
    ).toEqual({
      namespace: "n",
      connectionOptions: { address: "default.test:7233", apiKey: undefined, tls: undefined, metadata: undefined },
    });
  });
});
