import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CopyIn, CopyLines, copyFields, linesOf } from "./copy-in.ts";

type Row = readonly (string | undefined)[];

/** What a server reads: the content of the messages, after a check that they are messages. */
function read(messages: readonly Uint8Array[]): string {
  return messages
    .map((message) => {
      const bytes = Buffer.from(message);
      assert.equal(bytes.toString("latin1", 0, 1), "d");
      assert.equal(bytes.readUInt32BE(1), bytes.length - 1);
      return bytes.toString("utf8", 5);
    })
    .join("");
}

/** The fields of COPY's text format. */
function parse(text: string): Row[] {
  const escaped: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t" };
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) =>
      line
        .split("\t")
        .map((field) => (field === "\\N" ? undefined : field.replace(/\\[\\nrt]/g, (two) => escaped[two]!))),
    );
}

test("whatever the rows are, the server reads them as they are", () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "\\", "N", "\t", "\n", "\r", "é", "😀", ".", "\u0001") }),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("x".repeat(70_000), "é".repeat(40_000), "\t".repeat(33_000)),
  );
  const rows = fc.array(fc.array(fc.option(text, { nil: undefined }), { minLength: 1, maxLength: 4 }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(rows, (sent: Row[]) => {
      const messages: Uint8Array[] = [];
      const lines = new CopyLines((message) => messages.push(message));
      const next = linesOf(sent);
      while (next(lines));
      lines.flush();
      assert.deepEqual(parse(read(messages)), sent);
    }),
  );
});

test("fields are escaped, and said to be ASCII only when they are", () => {
  assert.deepEqual(copyFields(["a", 1.5, true, undefined]), { text: "a\t1.5\ttrue\t\\N\t", isAscii: true });
  assert.deepEqual(copyFields(["é"]), { text: "é\t", isAscii: false });
  assert.equal(copyFields(["\\N"]).text, "\\\\N\t");
  assert.deepEqual(copyFields([]), { text: "", isAscii: true });
  const messages: Uint8Array[] = [];
  const lines = new CopyLines((message) => messages.push(message));
  for (let line = 0; line < 2; line++) lines.endLine();
  lines.flush();
  assert.equal(read(messages), "\n\n", "lines of no fields");
});

test("it resolves when the server is ready again, and rejects with what the server says", async () => {
  const said: string[] = [];
  const connection = {
    query: (text: string) => void said.push(text),
    endCopyFrom: () => void said.push("end"),
    sendCopyFail: () => {},
    stream: { write: (bytes: Uint8Array) => said.push(read([bytes])), destroy: () => {} },
  };
  const good = new CopyIn("COPY t FROM STDIN", linesOf([["a"], ["b"]]));
  good.submit(connection);
  good.handleCopyInResponse(connection);
  good.handleCommandComplete();
  good.handleReadyForQuery();
  await good.done;
  assert.deepEqual(said, ["COPY t FROM STDIN", "a\nb\n", "end"]);
  const bad = new CopyIn("COPY t FROM STDIN", linesOf([]));
  bad.handleError(new Error("no"));
  bad.handleReadyForQuery();
  await assert.rejects(bad.done, /no/);
});
