import { describe, expect, test } from "bun:test";
import { Client, Connection, type ConnectionOptions, ServiceError } from "../../src/client";
import { NativeConnection, TransportError } from "../../src/worker";
import { authority } from "../support/certificates";
import { grpcServer } from "../support/grpc-server";
import { tlsProxy } from "../support/proxies";
import { freePort } from "../support/server";
import { address, namespace, unique } from "./support";

const trusted = authority();
const stranger = authority("stranger");
const server = trusted.issue("localhost", "127.0.0.1");

/** Why connecting fails. */
async function refusal(options: ConnectionOptions): Promise<ServiceError> {
  const error = await Connection.connect({ connectTimeout: "10s", ...options }).then(
    () => new Error("connected"),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ServiceError);
  // One sentence, or two halves of one.
  expect(error.message.split("\n").length).toBe(1);
  return error;
}

describe("TLS", () => {
  test("with the authority that signed the server's certificate", async () => {
    await using proxy = await tlsProxy(address, { cert: server.crt, key: server.key });
    for (const host of ["127.0.0.1", "localhost"]) {
      const connection = await Connection.connect({
        address: `${host}:${proxy.port}`,
        tls: { serverRootCACertificate: trusted.crt },
      });
      const { workflow } = new Client({ connection, namespace });
      const handle = await workflow.start("order", { taskQueue: unique("queue"), workflowId: unique("tls") });
      expect((await handle.describe()).status.name).toBe("RUNNING");
      await handle.terminate();
      await connection.close();
    }
    expect(proxy.clients.length).toBe(2);
  });

  test("of a worker's connection", async () => {
    await using proxy = await tlsProxy(address, { cert: server.crt, key: server.key });
    const native = await NativeConnection.connect({
      address: proxy.address,
      tls: { serverRootCACertificate: trusted.crt },
    });
    expect((await native.workflowService.getSystemInfo({})).serverVersion).toBeString();
    await native.close();
    await expect(NativeConnection.connect({ address: proxy.address, tls: true })).rejects.toThrow(TransportError);
  });

  test("another name than the address's host", async () => {
    const other = trusted.issue("temporal.test");
    await using proxy = await tlsProxy(address, { cert: other.crt, key: other.key });
    const tls = { serverRootCACertificate: trusted.crt };
    const error = await refusal({ address: proxy.address, tls });
    expect(error.message).toContain(proxy.address);
    expect(error.message).toContain("temporal.test");
    expect(error.message).toContain("tls.serverNameOverride");
    const connection = await Connection.connect({
      address: proxy.address,
      tls: { ...tls, serverNameOverride: "temporal.test" },
    });
    await connection.close();
  });

  test("an authority that is not the given one, or none that the system trusts", async () => {
    await using proxy = await tlsProxy(address, { cert: server.crt, key: server.key });
    for (const tls of [{ serverRootCACertificate: stranger.crt }, true]) {
      const error = await refusal({ address: proxy.address, tls });
      expect(error.message).toContain(`cannot connect to ${proxy.address}`);
      expect(error.message).toContain("set tls.serverRootCACertificate to the authority that signed it");
    }
  });

  test("certificates and keys that are no PEM, or not the right one", async () => {
    const connect = (tls: ConnectionOptions["tls"]) => Connection.connect({ address, tls });
    await expect(connect({ serverRootCACertificate: Buffer.from("nothing") })).rejects.toThrow(
      'there is no "-----BEGIN CERTIFICATE-----" in its 7 bytes',
    );
    await expect(connect({ clientCertPair: { crt: server.key, key: server.key } })).rejects.toThrow(
      "tls.clientCertPair.crt must be the bytes of a PEM file",
    );
    await expect(connect({ clientCertPair: { crt: server.crt, key: server.crt } })).rejects.toThrow(
      "tls.clientCertPair.key must be the bytes of a PEM file",
    );
  });

  test("with a client's certificate", async () => {
    await using proxy = await tlsProxy(address, {
      cert: server.crt,
      key: server.key,
      ca: trusted.crt,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const serverRootCACertificate = trusted.crt;
    const connection = await Connection.connect({
      address: proxy.address,
      tls: { serverRootCACertificate, clientCertPair: trusted.issue("client.test") },
    });
    expect((await connection.workflowService.getSystemInfo({})).serverVersion).toBeString();
    expect(proxy.clients).toEqual(["client.test"]);
    await connection.close();
  });

  test("a server that wants a client's certificate refuses none, and one of a stranger", async () => {
    await using proxy = await tlsProxy(address, {
      cert: server.crt,
      key: server.key,
      ca: trusted.crt,
      requestCert: true,
      rejectUnauthorized: true,
    });
    for (const clientCertPair of [undefined, stranger.issue("client.test")]) {
      const error = await refusal({
        address: proxy.address,
        tls: { serverRootCACertificate: trusted.crt, clientCertPair },
      });
      expect(error.message).toContain(proxy.address);
      expect(error.message).toContain("tls.clientCertPair");
    }
  });

  test("a client's certificate with another one's key", async () => {
    await using proxy = await tlsProxy(address, { cert: server.crt, key: server.key });
    const clientCertPair = { crt: trusted.issue("client.test").crt, key: server.key };
    const error = await refusal({
      address: proxy.address,
      tls: { serverRootCACertificate: trusted.crt, clientCertPair },
    });
    expect(error.message).toContain("set tls.clientCertPair.key to the key that tls.clientCertPair.crt was made for");
  });

  test("plain text to a server with TLS says so", async () => {
    await using proxy = await tlsProxy(address, { cert: server.crt, key: server.key });
    const error = await refusal({ address: proxy.address });
    expect(error.message).toContain(`cannot connect to ${proxy.address}`);
    expect(error.message).toContain("set tls to true");
  });

  test("TLS to a server without says so", async () => {
    const error = await refusal({ address, tls: true });
    expect(error.message).toContain(`cannot connect to ${address}`);
    expect(error.message).toContain("set tls to false");
  });

  test("an API key turns it on, so that the key is never sent in plain text", async () => {
    await using recorder = await grpcServer();
    expect((await refusal({ address: recorder.address, apiKey: "secret" })).message).toContain("TLS mismatch");
    expect(recorder.calls).toEqual([]);
    await using proxy = await tlsProxy(recorder.address, { cert: server.crt, key: server.key });
    const connection = await Connection.connect({
      address: proxy.address,
      apiKey: "secret",
      tls: { serverRootCACertificate: trusted.crt },
    });
    expect(recorder.calls.map((call) => call.headers.authorization)).toEqual(["Bearer secret"]);
    await connection.close();
  });
});

describe("a server that is not there", () => {
  test("nobody at the port", async () => {
    const port = await freePort();
    const { message } = await refusal({ address: `localhost:${port}`, connectTimeout: "2s" });
    expect(message).toContain(`cannot connect to localhost:${port}`);
    expect(message).toContain("check that the address is right and the server is up");
  });

  test("a name that doesn't resolve", async () => {
    const { message } = await refusal({ address: "no-such-host.invalid", connectTimeout: "5s" });
    expect(message).toContain("cannot connect to no-such-host.invalid:7233");
    expect(message).toContain("check that the address is right");
  });
});
