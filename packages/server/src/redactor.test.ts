import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Redactor, redactor } from "./redactor.ts";

test("hides a secret in the forms in which it travels", () => {
  const secret = 's3cr"et ü/+';
  const redact = redactor([secret]);
  const basic = `Basic ${Buffer.from(`${secret}:`).toString("base64")}`;
  for (const text of [secret, JSON.stringify({ secret }), `?key=${encodeURIComponent(secret)}`, basic]) {
    assert.ok(redact(text).includes("[redacted]"), text);
    assert.ok(!redact(text).includes("s3cr"), redact(text));
  }
});

test("leaves alone what is too short to be a secret", () => {
  assert.equal(redactor(["", "a", "abcde"])("a banana, abcde"), "a banana, abcde");
});

test("hides a secret as a whole though it contains another", () => {
  assert.equal(redactor(["secret", "secret-more"])("x secret-more y secret z"), "x [redacted] y [redacted] z");
});

test("property: no secret is left in any text", () => {
  const secrets = fc.array(fc.string({ minLength: 6 }), { maxLength: 5 });
  fc.assert(
    fc.property(secrets, fc.array(fc.string()), (secrets, between) => {
      const text = secrets.map((secret, index) => `${between[index] ?? ""}${secret}`).join("");
      const redacted = redactor(secrets)(text);
      for (const secret of secrets) assert.ok("[redacted]".includes(secret) || !redacted.includes(secret));
    }),
  );
});

test("a redactor that learns hides old secrets and new ones", () => {
  const learning = new Redactor();
  const { redact } = learning;
  assert.equal(redact("first_secret"), "first_secret");
  learning.learn(["first_secret"]);
  learning.learn(["second_secret", "first_secret"]);
  assert.equal(redact("first_secret, second_secret"), "[redacted], [redacted]");
});
