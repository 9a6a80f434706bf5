import { createHmac, type KeyObject, sign } from "node:crypto";

export interface JwtOptions {
  /** A private key in PEM; of `HS256` the shared secret. */
  readonly key: string | KeyObject;
  /** @default "RS256" */
  readonly algorithm?: "RS256" | "ES256" | "HS256";
  /** `kid`, for services that know several keys. */
  readonly keyId?: string;
}

/**
 * A signed JSON Web Token (RFC 7519), as service accounts show it to get an access token.
 *
 * @param claims `iat` and `exp` are seconds since the epoch, out of `attempt.now`
 * @throws Error for a key that is none
 */
export function signJwt(claims: Readonly<Record<string, unknown>>, options: JwtOptions): string {
  const { key, algorithm = "RS256", keyId } = options;
  const header = { alg: algorithm, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${signatureOf(text, key, algorithm).toString("base64url")}`;
}

function signatureOf(text: string, key: string | KeyObject, algorithm: NonNullable<JwtOptions["algorithm"]>): Buffer {
  if (algorithm === "HS256") return createHmac("sha256", key).update(text).digest();
  // RFC 7518, 3.4: the two numbers side by side, not in ASN.1.
  if (algorithm === "ES256") return sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" } as never);
  return sign("sha256", Buffer.from(text), key);
}
