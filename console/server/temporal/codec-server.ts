/**
 * A codec server, which decodes payloads over HTTP. Its address is the configuration's alone; what it resolves to is
 * looked at each time, and the connection is made to just that address, so that a name can't lead elsewhere meanwhile.
 */

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import type { RawPayload } from "../../shared/json";
import { ConfigError, type ConsoleConfig } from "../config";
import type { Codec } from "./codec";

type CodecServer = NonNullable<ConsoleConfig["codecServer"]>;

const timeoutMs = 5000;
const mostBytes = 64 * 1024;
/** So many payloads go into one request: what a page shows is decoded in few of them. */
const batchSize = 50;

/** Networks that are not the internet: this machine, private ones, those of clouds' metadata, and reserved ones. */
const privateNetworks = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
  "::/127",
  "::ffff:0:0/96",
  "64:ff9b::/96",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
];

/** The codec behind an address. */
export function codecServer({ url, headers = {}, allowAddresses = [] }: CodecServer): Codec {
  const base = new URL(url);
  if (base.protocol !== "https:" && base.protocol !== "http:")
    throw new ConfigError(`codecServer.url is ${url}: it must begin with https:// or http://.`);
  const [refused, allowed] = [listOf(privateNetworks), listOf(allowAddresses)];

  async function send(path: "encode" | "decode", payloads: RawPayload[], namespace: string): Promise<RawPayload[]> {
    const target = new URL(`${base.href.replace(/\/$/, "")}/${path}`);
    const host = target.host;
    const address = await addressOf(target.hostname);
    if (contains(refused, address) && !contains(allowed, address))
      throw new Error(`the codec server ${base.host} is at ${address}, in a private network that is not allowed`);
    target.hostname = isIP(address) === 6 ? `[${address}]` : address;
    const response = await fetch(target, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...headers, host, "content-type": "application/json", "x-namespace": namespace },
      body: JSON.stringify({ payloads }),
      // The certificate is for the name, not for the address that it has now.
      ...(base.protocol === "https:" ? { tls: { serverName: base.hostname } } : {}),
    } as RequestInit);
    if (response.status !== 200) throw new Error(`the codec server ${base.host} answered ${response.status}`);
    const answer = JSON.parse(await limited(response, mostBytes * payloads.length)) as { payloads?: RawPayload[] };
    if (answer.payloads?.length !== payloads.length)
      throw new Error(`the codec server ${base.host} gave ${answer.payloads?.length} payloads for ${payloads.length}`);
    return answer.payloads;
  }

  return {
    encode: (payloads, namespace) => send("encode", payloads, namespace),
    async decode(payloads, namespace) {
      const results: (RawPayload | Error)[] = [];
      for (let index = 0; index < payloads.length; index += batchSize) {
        const batch = payloads.slice(index, index + batchSize);
        const decoded = await send("decode", batch, namespace).catch((error: Error) => batch.map(() => error));
        results.push(...decoded);
      }
      return results;
    },
  };
}

async function addressOf(hostname: string): Promise<string> {
  const bare = hostname.replace(/^\[|\]$/g, "");
  return isIP(bare) === 0 ? (await lookup(bare)).address : bare;
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", length] = network.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (isIP(address) === 0) throw new ConfigError(`"${network}" is no network: write it as 10.0.0.0/8.`);
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return list;
}

const contains = (list: BlockList, address: string) => list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

/** The text of an answer that is not larger than that. */
async function limited(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > most) throw new Error(`the codec server's answer is larger than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
