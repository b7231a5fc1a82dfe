/** Certificates for tests: an authority of their own, and what it signs. Nothing is read from the machine. */

import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

/** A certificate and its key, PEM. */
export interface CertificatePair {
  crt: Buffer;
  key: Buffer;
}

/** An authority that signs certificates. */
export interface Authority {
  /** Its own certificate, PEM. */
  crt: Buffer;
  /** A certificate for these host names and IPv4 addresses; for servers and for clients. */
  issue(...names: string[]): CertificatePair;
}

let serialNumber = 1;

// forge makes certificates, but node:crypto makes keys a hundred times faster.
function keyPair(): { pem: string; publicKey: forge.pki.PublicKey; privateKey: forge.pki.rsa.PrivateKey } {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return {
    pem: privateKey,
    publicKey: forge.pki.publicKeyFromPem(publicKey),
    privateKey: forge.pki.privateKeyFromPem(privateKey),
  };
}

function certificate(name: string, publicKey: forge.pki.PublicKey, extensions: object[]): forge.pki.Certificate {
  const made = forge.pki.createCertificate();
  made.publicKey = publicKey;
  made.serialNumber = (serialNumber++).toString(16).padStart(2, "0");
  made.validity.notBefore = new Date(Date.now() - 3_600_000);
  made.validity.notAfter = new Date(Date.now() + 3_600_000);
  made.setSubject([{ name: "commonName", value: name }]);
  made.setExtensions(extensions);
  return made;
}

function pem(signed: forge.pki.Certificate): Buffer {
  return Buffer.from(forge.pki.certificateToPem(signed));
}

/** Makes an authority. */
export function authority(name = "authority of a test"): Authority {
  const own = keyPair();
  const root = certificate(name, own.publicKey, [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, digitalSignature: true, critical: true },
  ]);
  root.setIssuer(root.subject.attributes);
  root.sign(own.privateKey, forge.md.sha256.create());
  return {
    crt: pem(root),
    issue(...names) {
      const keys = keyPair();
      // 7 is an IP address, 2 a host name.
      const altNames = names.map((value) => (/^[\d.]+$/.test(value) ? { type: 7, ip: value } : { type: 2, value }));
      const leaf = certificate(names[0]!, keys.publicKey, [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
        { name: "subjectAltName", altNames },
      ]);
      leaf.setIssuer(root.subject.attributes);
      leaf.sign(own.privateKey, forge.md.sha256.create());
      return { crt: pem(leaf), key: Buffer.from(keys.pem) };
    },
  };
}
