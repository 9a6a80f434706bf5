import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hiding, isUnmistakable } from "./hiding.ts";

const key = "wk_Q8x2LmZr7TnB4vKd";

test("a secret is unmistakable where nobody would write it by chance", () => {
  for (const secret of [key, "Bearer sk_live_51Hx9aZk", "3f2a9c01d4e58b7716a0"])
    assert.ok(isUnmistakable(secret), secret);
  for (const secret of ["webshop", "my-web-shop-in-production", "wk_shop", "1234567890123456", "aaaa1aaaa1aaaa1aaaa1"])
    assert.ok(!isUnmistakable(secret), secret);
});

test("in data, a key is hidden where it is one, and its letters anywhere else are left alone", () => {
  const { data } = hiding(["webshop", key]);
  const event = {
    event: "webshop",
    properties: { name: "the webshop", webshop: 1, url: "https://webshop.example/?shop=webshop" },
    writeKey: "webshop",
    context: { apiKey: ["webshop", "another"], note: `my key is ${key}!`, [key]: true },
    list: [1, null, true, "webshop"],
  };
  assert.deepEqual(data(event), {
    event: "webshop",
    properties: { name: "the webshop", webshop: 1, url: "https://webshop.example/?shop=webshop" },
    writeKey: "[redacted]",
    context: { apiKey: ["[redacted]", "another"], note: "my key is [redacted]!", "[redacted]": true },
    list: [1, null, true, "webshop"],
  });
});

test("in what a server says, a secret goes as a whole word", () => {
  const { words } = hiding(["webshop", "abc", key]);
  assert.equal(
    words(
      `no webshop here, "webshop" nor webshops, my-webshop; abc; x${key}x Basic ${btoa("webshop:")} ${btoa(`${key}:`)}`,
    ),
    'no [redacted] here, "[redacted]" nor webshops, my-webshop; abc; x[redacted]x Basic [redacted] [redacted]',
  );
});

test("of a request, credentials go whatever they are, and secrets wherever they stand", () => {
  const { request } = hiding(["webshop", "s3", key, "with space/+"]);
  const shown = request({
    method: "POST",
    url: `https://user:pw@crm.example/webshop/webshops?x=1&api_token=abc&y=${encodeURIComponent("with space/+")}&z`,
    headers: {
      authorization: "Basic whatever",
      "X-Api-Key": "k",
      cookie: "c",
      "content-type": "application/json",
      "idempotency-key": "m-1",
      "x-short": "s3",
      "x-shop": "of webshop",
    },
    body: JSON.stringify({ shop: "webshop", api_key: "webshop", nested: '{"token":"webshop"}', other: key }),
  });
  assert.deepEqual(shown, {
    method: "POST",
    url: "https://[redacted]@crm.example/[redacted]/webshops?x=1&api_token=[redacted]&y=[redacted]&z",
    headers: {
      authorization: "[redacted]",
      "X-Api-Key": "[redacted]",
      cookie: "[redacted]",
      "content-type": "application/json",
      "idempotency-key": "m-1",
      "x-short": "[redacted]",
      "x-shop": "of [redacted]",
    },
    body: '{"shop":"webshop","api_key":"[redacted]","nested":"{\\"token\\":\\"[redacted]\\"}","other":"[redacted]"}',
  });
  assert.equal(
    request({ method: "POST", url: "http://x/", headers: {}, body: "a=1&secret=webshop&b=webshop" }).body,
    "a=1&secret=[redacted]&b=webshop",
  );
});

test("no more than 10 KB of a body is kept, whole characters, with its length", () => {
  const { request } = hiding([]);
  const of = (body: string | Uint8Array) => request({ method: "POST", url: "http://x/", headers: {}, body });
  assert.deepEqual(of("é".repeat(5120)).bytes, undefined);
  const long = of(`a${"é".repeat(6000)}`);
  assert.deepEqual([long.bytes, long.body], [12_001, `a${"é".repeat(5119)}`]);
  assert.equal(of(Buffer.from("bytes")).body, "bytes");
  assert.deepEqual(request(long), long, "what was shown once is shown as it is");
});

test("property: an unmistakable secret is left nowhere, and data without any is not touched", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9+/=_-]{24,40}$/).filter(isUnmistakable);
  fc.assert(
    fc.property(fc.array(secret, { minLength: 1, maxLength: 3 }), fc.array(fc.string()), (secrets, between) => {
      const { words, data, request } = hiding(secrets);
      const text = secrets.map((each, index) => `${between[index] ?? ""}${each}`).join("");
      const all = [
        words(text),
        JSON.stringify(data({ [text]: [text] })),
        JSON.stringify(request({ method: "POST", url: `http://x/${text}`, headers: { x: text }, body: text })),
      ];
      for (const shown of all) for (const each of secrets) assert.ok(!shown.includes(each));
    }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown;
      assert.deepEqual(hiding(["webshop"]).data(plain), plain);
    }),
  );
});
