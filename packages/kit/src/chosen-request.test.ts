import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { chosenRequest, takeRequest } from "./chosen-request.ts";

const event = (more: object) => ({ type: "track", messageId: "m", ...more }) as unknown as DeliveredEvent;

test("a choice leaves the event for where no JSON comes from and none goes to", () => {
  const given = event({ $request: { url: "/x", method: "put", headers: { "X-A": 1, b: true, c: 2n ** 64n } } });
  takeRequest(given);
  assert.deepEqual(chosenRequest(given), {
    url: "/x",
    method: "PUT",
    headers: { "x-a": "1", b: "true", c: "18446744073709551616" },
  });
  assert.equal(JSON.stringify(given), '{"type":"track","messageId":"m"}');
  assert.deepEqual(chosenRequest({ ...given }), chosenRequest(given), "a copy keeps it");
  assert.equal(
    chosenRequest(JSON.parse('{"pintle.request":{"url":"/x"},"Symbol(pintle.request)":{"url":"/x"}}')),
    undefined,
  );
});

test("what RudderStack's users return is the same; what is empty chooses nothing", () => {
  const theirs = event({ header: { A: "1" }, fullPath: "https://h/x", appendPath: "/y" });
  takeRequest(theirs);
  assert.deepEqual(chosenRequest(theirs), { url: "https://h/x", append: "/y", headers: { a: "1" } });
  for (const nothing of [{ $request: null }, { $request: {} }, { header: null, fullPath: "", appendPath: undefined }]) {
    const given = event(nothing);
    takeRequest(given);
    assert.equal(chosenRequest(given), undefined);
    assert.deepEqual(Object.keys(given), ["type", "messageId"]);
  }
});

const refused: [choice: object, message: RegExp][] = [
  [{ $request: "x" }, /^\$request is an object with url, method and headers$/],
  [{ $request: { body: "x" } }, /no "body"/],
  [{ $request: { url: 5 } }, /^\$request\.url is a text/],
  [{ $request: { method: "TRACE" } }, /one of GET, POST, PUT, PATCH, DELETE/],
  [{ $request: {}, appendPath: "/x" }, /both \$request and appendPath/],
  [{ appendPath: 5 }, /^appendPath is a text/],
  [{ fullPath: {} }, /^fullPath is a text/],
  [{ header: "x" }, /^header is an object/],
  [{ header: ["x"] }, /^header is an object/],
  [{ header: { "a b": "x" } }, /"a b" is no header's name/],
  [{ header: { "": "x" } }, /is no header's name/],
  [{ header: { "a\r\nb": "x" } }, /is no header's name/],
  [{ header: { a: null } }, /the value of "a" is a text/],
  [{ header: { a: ["x"] } }, /the value of "a" is a text/],
  [{ $request: { headers: { a: "secret\r\nHost: evil" } } }, /^\$request\.headers: the value of "a" has line breaks/],
  [{ $request: { headers: { a: "\u20ac" } } }, /beyond Latin-1/],
  ...["Host", "content-length", "Transfer-Encoding", "CONNECTION", "proxy-connection", "upgrade", "TE", "expect"].map(
    (name): [object, RegExp] => [{ header: { [name]: "x" } }, /is set by the connection/],
  ),
];
for (const [choice, message] of refused) {
  test(`${JSON.stringify(choice)} is refused with a hint, and without its values`, () => {
    assert.throws(
      () => takeRequest(event(choice)),
      (error: unknown) =>
        error instanceof TypeError && message.test(error.message) && !/secret|evil/.test(error.message),
    );
  });
}
