/** Identity providers on this machine: oidc-provider, and one that does what the test says. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

interface IdentityProvider {
  readonly issuer: string;
  stop(): Promise<void>;
}

export const client = { id: "console", secret: "the secret of the test's client" };

interface Person {
  name: string;
  groups: string[];
}

/** oidc-provider, at which `login()` says who is there. */
export async function realProvider(
  callbackUrl: string,
  people: Record<string, Person>,
  login: () => string,
): Promise<IdentityProvider> {
  const server = createServer();
  const issuer = await listen(server);
  const provider = new Provider(issuer, {
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [callbackUrl] }],
    claims: { openid: ["sub"], profile: ["name", "groups"], email: ["email"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    cookies: { keys: ["a key of the test"] },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    // Nobody is asked whether the console may know who they are.
    async loadExistingGrant({ oidc }: { oidc: { client: { clientId: string }; session: { accountId: string } } }) {
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on("request", (request, response) => {
    if (!request.url?.startsWith("/interaction/")) return handle(request, response);
    void provider.interactionFinished(request, response, { login: { accountId: login() } });
  });
  return { issuer, stop: () => close(server) };
}

/** What a provider that isn't honest, or is somebody else's, says. */
interface Said {
  /** Claims of the ID token over those that are right. */
  claims: Record<string, unknown>;
}

/** A provider whose ID tokens say what the test wants. Its key is a new one after each `rotate`. */
export async function fakeProvider(port = 0): Promise<IdentityProvider & { said: Said; rotate(): Promise<void> }> {
  const said: Said = { claims: {} };
  let key = await newKey();
  const server: Bun.Server<unknown> = Bun.serve({
    port,
    hostname: "127.0.0.1",
    routes: {
      "/.well-known/openid-configuration": () =>
        Response.json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["ES256"],
        }),
      "/jwks": async () => Response.json({ keys: [await crypto.subtle.exportKey("jwk", key.publicKey)] }),
      "/authorize": (request) => {
        const { searchParams } = new URL(request.url);
        const code = searchParams.get("nonce")!;
        const back = new URL(searchParams.get("redirect_uri")!);
        back.search = new URLSearchParams({ code, state: searchParams.get("state")! }).toString();
        return Response.redirect(back.href);
      },
      "/token": async (request) => {
        const nonce = new URLSearchParams(await request.text()).get("code");
        const now = Math.floor(Date.now() / 1000);
        const right = { iss: issuer, aud: client.id, sub: "ada", nonce, iat: now, exp: now + 300, groups: ["ops"] };
        const id_token = await jwt({ ...right, ...said.claims }, key.privateKey);
        return Response.json({ access_token: "x", token_type: "bearer", expires_in: 300, id_token });
      },
    },
  });
  const issuer: string = `http://127.0.0.1:${server.port}`;
  return {
    issuer,
    said,
    async rotate() {
      key = await newKey();
    },
    stop: () => server.stop(true),
  };
}

const newKey = () => crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);

async function jwt(claims: object, key: CryptoKey): Promise<string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "ES256" })}.${part(claims)}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

async function listen(server: Server): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
