import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, verify } from "node:crypto";
import { test } from "node:test";
import { signJwt } from "./jwt.ts";

const claims = { iss: "pintle@example.com", exp: 1_767_225_660, name: "Jürgen" };

function partsOf(token: string): { header: unknown; claims: unknown; text: Buffer; signature: Buffer } {
  const [header = "", body = "", signature = ""] = token.split(".");
  const json = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
  return {
    header: json(header),
    claims: json(body),
    text: Buffer.from(`${header}.${body}`),
    signature: Buffer.from(signature, "base64url"),
  };
}

test("a token has its claims, and a signature that the public key confirms", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const token = partsOf(signJwt(claims, { key: pem, keyId: "k1" }));
  assert.deepEqual([token.header, token.claims], [{ alg: "RS256", typ: "JWT", kid: "k1" }, claims]);
  assert.ok(verify("sha256", token.text, rsa.publicKey, token.signature));

  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const short = partsOf(signJwt(claims, { key: ec.privateKey, algorithm: "ES256" }));
  assert.equal(short.signature.length, 64);
  assert.ok(verify("sha256", short.text, { key: ec.publicKey, dsaEncoding: "ieee-p1363" }, short.signature));
});

test("a token with a shared secret is that of RFC 7519's algorithm", () => {
  const { text, signature } = partsOf(signJwt(claims, { key: "shared", algorithm: "HS256" }));
  assert.deepEqual(signature, createHmac("sha256", "shared").update(text).digest());
});
