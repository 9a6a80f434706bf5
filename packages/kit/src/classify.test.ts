import assert from "node:assert/strict";
import { test } from "node:test";
import { classifyAnswer, classifyError } from "./classify.ts";
import type { Retry } from "./outcome.ts";
import { RequestError, TimeoutError } from "./send-errors.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

const answers: [statuses: number[], expected: { outcome: string; scope?: string; ages?: boolean }][] = [
  [[200, 201, 202, 204, 299], { outcome: "delivered" }],
  [[401, 403], { outcome: "retry", scope: "destination", ages: false }],
  [[429, 502, 503, 504], { outcome: "retry", scope: "destination" }],
  [[408, 500, 501, 505, 507, 520, 599], { outcome: "retry", scope: "event" }],
  [[300, 301, 302, 304, 307, 400, 402, 404, 405, 409, 410, 413, 415, 422, 451], { outcome: "dead" }],
];

for (const [statuses, expected] of answers) {
  for (const status of statuses) {
    const scope = expected.scope === undefined ? "" : `, scope ${expected.scope}`;
    test(`an answer ${status} means ${expected.outcome}${scope}`, () => {
      const answer = { status, headers: { server: "x" }, body: "what happened" };
      const found = classifyAnswer(answer, now);
      if (found.outcome === "delivered") return assert.deepEqual(found, expected);
      const { reason, answer: kept } = found;
      const { scope, ages }: Partial<Retry> = found.outcome === "retry" ? found : {};
      const known = { ...(scope === undefined ? {} : { scope }), ...(ages === undefined ? {} : { ages }) };
      assert.deepEqual({ outcome: found.outcome, ...known }, expected);
      assert.equal(reason, `http_${status}`);
      assert.equal(kept, answer);
    });
  }
}

const errors: [error: unknown, outcome: string, scope: string | undefined, reason: string][] = [
  [new TimeoutError("late"), "retry", "destination", "timeout"],
  [coded("ECONNREFUSED"), "retry", "destination", "connect"],
  [coded("EHOSTUNREACH"), "retry", "destination", "connect"],
  [coded("UND_ERR_CONNECT_TIMEOUT"), "retry", "destination", "connect"],
  [coded("CERT_HAS_EXPIRED"), "retry", "destination", "connect"],
  [coded("DEPTH_ZERO_SELF_SIGNED_CERT"), "retry", "destination", "connect"],
  [coded("ERR_TLS_CERT_ALTNAME_INVALID"), "retry", "destination", "connect"],
  [new AggregateError([coded("ECONNREFUSED"), coded("ENETUNREACH")]), "retry", "destination", "connect"],
  [coded("ENOTFOUND"), "retry", "destination", "dns"],
  [coded("EAI_AGAIN"), "retry", "destination", "dns"],
  [coded("ECONNRESET"), "retry", "event", "network"],
  [coded("EPIPE"), "retry", "event", "network"],
  [coded("UND_ERR_SOCKET"), "retry", "event", "network"],
  [coded("HPE_INVALID_CONSTANT"), "retry", "event", "network"],
  [new Error("no code"), "retry", "event", "network"],
  ["a text", "retry", "event", "network"],
  [undefined, "retry", "event", "network"],
  [new RequestError("no such URL"), "dead", undefined, "request"],
  [coded("UND_ERR_INVALID_ARG"), "dead", undefined, "request"],
];

for (const [error, outcome, scope, reason] of errors) {
  test(`a failure ${describe(error)} means ${outcome}, scope ${scope ?? "none"}, reason ${reason}`, () => {
    const found = classifyError(error);
    assert.deepEqual(
      [found.outcome, found.outcome === "retry" ? found.scope : undefined, found.reason],
      [outcome, scope, reason],
    );
  });
}

test("Retry-After is honoured on every answer that is tried again", () => {
  for (const status of [408, 429, 500, 503]) {
    const found = classifyAnswer({ status, headers: { "retry-after": "7" }, body: "" }, now);
    assert.ok(found.outcome === "retry");
    assert.equal(found.after, 7000);
  }
});

function coded(code: string): Error {
  return Object.assign(new Error(`failed with ${code}`), { code });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? String(error.code) : error.name;
}

test("404, 410 and redirects are the event's alone, and in a row the destination's", () => {
  const inARow = (status: number) => {
    const found = classifyAnswer({ status, headers: {}, body: "" }, now);
    return found.outcome === "dead" ? found.inARow : undefined;
  };
  for (const status of [300, 301, 302, 303, 304, 307, 308, 404, 410]) assert.equal(inARow(status), "destination");
  for (const status of [200, 400, 402, 403, 405, 409, 413, 422, 451, 503]) assert.equal(inARow(status), undefined);
});

test("the target of a redirect is shown, without what may be a secret", () => {
  const detail = (location: string) => classifyAnswer({ status: 301, headers: { location }, body: "" }, now).detail;
  const shown = (target: string) =>
    `the destination answered 301 and points to ${target}, but redirects are not followed`;
  assert.equal(detail("https://new.example/hook"), shown("https://new.example/hook"));
  assert.equal(detail("/moved/"), shown("/moved/"));
  assert.equal(detail("https://u:pass@new.example/a?token=secret&b=1#top"), shown("https://new.example/a?..."));
  assert.equal(detail("//u:pass@new.example/a#s?ecret"), shown("//new.example/a"));
  assert.equal(detail("/a b\u00e9\u001b"), shown("/a?b??"));
  assert.ok(detail(`/${"x".repeat(100_000)}`)!.length < 400);
  const other = classifyAnswer({ status: 404, headers: { location: "/x" }, body: "" }, now).detail;
  assert.equal(other, "the destination answered 404");
});

test("what was wrong with an answer is told, whatever it means", () => {
  const of = (status: number) => classifyAnswer({ status, headers: {}, body: "", flaw: "half of it" }, now);
  assert.deepEqual([of(200).outcome, of(200).detail], ["delivered", "half of it"]);
  assert.equal(of(503).detail, "the destination answered 503 (half of it)");
  assert.equal(of(400).detail, "the destination answered 400 (half of it)");
});
