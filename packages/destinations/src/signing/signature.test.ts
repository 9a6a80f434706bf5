import assert from "node:assert/strict";
import { test } from "node:test";
import { signatureHeaders, signingKey } from "./signature.ts";

// The example of the specification's reference libraries.
const known = {
  key: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  now: 1_614_265_330_999,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

test("a signature is that of the specification's reference libraries", () => {
  assert.deepEqual(signatureHeaders(known, [known.key]), {
    "webhook-id": known.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": known.signature,
  });
});

test("while keys are rotated there is a signature by each", () => {
  const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const [first, second, ...rest] = signatureHeaders(known, [known.key, other])["webhook-signature"]?.split(" ") ?? [];
  assert.equal(first, known.signature);
  assert.match(second ?? "", /^v1,[A-Za-z0-9+/]{43}=$/);
  assert.notEqual(first, second);
  assert.deepEqual(rest, []);
});

test("a key is whsec_ and 24 to 64 bytes in base64", () => {
  const key = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString("base64")}`;
  for (const good of [known.key, key(24), key(64)]) assert.equal(signingKey.safeParse(good).success, true, good);
  for (const bad of ["", "whsec_", key(23), key(65), known.key.slice(6), `${key(24)}\n`, "whsec_-_-_", 5]) {
    assert.equal(signingKey.safeParse(bad).success, false, String(bad));
  }
});
