import { describe, expect, test } from "bun:test";
import { Connection, ServiceError } from "../../src/client";
import { proxyFromEnvironment } from "../../src/client/connection/connection-proxy";
import { NativeConnection } from "../../src/worker";
import { authority } from "../support/certificates";
import { connectProxy, tlsProxy } from "../support/proxies";
import { address } from "./support";

const names = ["grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"];

/** Sets exactly these of the proxy variables until the end of an `await using` or `using` scope. */
function environment(values: Record<string, string>): Disposable {
  const before = names.map((name) => [name, process.env[name]] as const);
  const assign = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const name of names) assign(name, values[name]);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) assign(name, value);
    },
  };
}

async function serverVersion(connection: Connection): Promise<string | undefined> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  await connection.close();
  return serverVersion;
}

describe("HTTP CONNECT proxy", () => {
  test("as an option, with a name and a password, of clients and workers", async () => {
    await using proxy = await connectProxy("user:pass:word");
    const basicAuth = { username: "user", password: "pass:word" };
    for (const targetHost of [proxy.address, `http://${proxy.address}`]) {
      expect(
        await serverVersion(
          await Connection.connect({ address, proxy: { type: "http-connect", targetHost, basicAuth } }),
        ),
      ).toBeString();
    }
    expect(
      await serverVersion(
        await NativeConnection.connect({
          address,
          proxy: { type: "http-connect", targetHost: proxy.address, basicAuth },
        }),
      ),
    ).toBeString();
    expect(proxy.requests.map((request) => request.target)).toEqual([address, address, address]);
    const error = await Connection.connect({ address, proxy: { targetHost: proxy.address } }).catch((reason) => reason);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error.message).toContain(`${address} through the proxy ${proxy.address}`);
    expect(error.message).toContain("407");
    expect(error.message).toContain("the proxy refused; check proxy and its basicAuth");
  });

  test("with TLS to the server behind it", async () => {
    const trusted = authority();
    const server = trusted.issue("temporal.test");
    await using terminating = await tlsProxy(address, { cert: server.crt, key: server.key });
    await using proxy = await connectProxy();
    const tls = { serverRootCACertificate: trusted.crt, serverNameOverride: "temporal.test" };
    expect(
      await serverVersion(
        await Connection.connect({ address: terminating.address, tls, proxy: { targetHost: proxy.address } }),
      ),
    ).toBeString();
    expect(proxy.requests.map((request) => request.target)).toEqual([terminating.address]);
  });

  test.each(["grpc_proxy", "https_proxy", "http_proxy"])("from the environment: %s", async (name) => {
    await using proxy = await connectProxy("us@er:secret");
    using _ = environment({ [name]: `http://us%40er:secret@${proxy.address}` });
    expect(await serverVersion(await Connection.connect({ address }))).toBeString();
    expect(proxy.requests.map((request) => request.target)).toEqual([address]);
  });

  test("from the environment: not for hosts of no_proxy, nor with proxy: null, nor for workers", async () => {
    await using proxy = await connectProxy();
    {
      using _ = environment({ grpc_proxy: `http://${proxy.address}`, no_proxy: "example.com, 127.0.0.1" });
      expect(await serverVersion(await Connection.connect({ address }))).toBeString();
    }
    {
      using _ = environment({ grpc_proxy: `http://${proxy.address}` });
      expect(await serverVersion(await Connection.connect({ address, proxy: null }))).toBeString();
      expect(await serverVersion(await NativeConnection.connect({ address }))).toBeString();
      expect(proxy.requests).toEqual([]);
      expect(
        await serverVersion(
          await NativeConnection.connect({ address, proxy: { type: "http-connect", targetHost: proxy.address } }),
        ),
      ).toBeString();
    }
    expect(proxy.requests.length).toBe(1);
  });

  test("that is not there", async () => {
    const gone = await connectProxy();
    await gone[Symbol.asyncDispose]();
    const error = await Connection.connect({
      address,
      proxy: { targetHost: gone.address },
      connectTimeout: "2s",
    }).catch((reason) => reason);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error.message).toContain(gone.address);
  });

  test.each<[Record<string, string>, string, string | undefined]>([
    [{}, "h:7233", undefined],
    [{ grpc_proxy: "http://a:1", https_proxy: "http://b:2", http_proxy: "http://c:3" }, "h:7233", "a:1"],
    [{ grpc_proxy: "", https_proxy: "http://b:2", http_proxy: "http://c:3" }, "h:7233", "b:2"],
    [{ http_proxy: "http://c" }, "h:7233", "c:80"],
    [{ http_proxy: "https://c:1" }, "h:7233", undefined],
    [{ http_proxy: "c:1" }, "h:7233", undefined],
    [{ http_proxy: "http://c:3", no_proxy: "example.com" }, "temporal.example.com:7233", undefined],
    [{ http_proxy: "http://c:3", no_proxy: "example.com," }, "temporal.example.org:7233", "c:3"],
    [{ http_proxy: "http://c:3", no_proxy: "h", no_grpc_proxy: "other" }, "h:7233", "c:3"],
    [{ http_proxy: "http://c:3", no_grpc_proxy: "h" }, "h:7233", undefined],
    [{ http_proxy: "http://c:3", no_proxy: "10.0.0.0/8" }, "10.200.3.4:7233", undefined],
    [{ http_proxy: "http://c:3", no_proxy: "10.0.0.0/8" }, "11.200.3.4:7233", "c:3"],
    [{ http_proxy: "http://c:3", no_proxy: "0.0.0.0/0" }, "11.200.3.4:7233", undefined],
    [{ http_proxy: "http://c:3", no_proxy: "0.0.0.0/0" }, "h:7233", "c:3"],
    [{ http_proxy: "http://c:3", no_proxy: "192.168.1.128/25" }, "192.168.1.127:7233", "c:3"],
    [{ http_proxy: "http://c:3", no_proxy: "::1" }, "[::1]:7233", undefined],
  ])("variables %p for %s name %s", (variables, target, expected) => {
    expect(proxyFromEnvironment(target, variables)?.targetHost).toBe(expected);
  });
});
