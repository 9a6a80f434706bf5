import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { badCompression, bodyTooLarge } from "./answer.ts";
import { compressedLimit, decompress, type Encoding, encodingOf } from "./decompress.ts";

const compress: ReadonlyArray<readonly [string, Encoding, (body: Uint8Array) => Buffer]> = [
  ["gzip", "gzip", (body) => gzipSync(body)],
  ["gzip, stored", "gzip", (body) => gzipSync(body, { level: 0 })],
  ["deflate", "deflate", (body) => deflateSync(body)],
  ["deflate without its header", "deflate", (body) => deflateRawSync(body)],
  ["br", "br", (body) => brotliCompressSync(body)],
];

test("the header names one encoding that is known, or is refused", () => {
  const cases: ReadonlyArray<readonly [string | undefined, Encoding | "unsupported" | undefined]> = [
    [undefined, undefined],
    ["", undefined],
    ["identity", undefined],
    ["gzip", "gzip"],
    [" GZIP ", "gzip"],
    ["x-gzip", "gzip"],
    ["deflate", "deflate"],
    ["br", "br"],
    ["zstd", "unsupported"],
    ["gzip, br", "unsupported"],
    ["gzip,", "unsupported"],
  ];
  for (const [header, encoding] of cases) assert.equal(encodingOf(header), encoding, String(header));
});

test("what was compressed comes out, up to the limit and not a byte above", async () => {
  // Random bytes do not compress: the compressed body is the largest that it can be. Above a
  // million it takes the other way.
  for (const size of [1, 100, 5_000, 300_000, 1_200_000]) {
    const body = randomBytes(size);
    for (const [name, encoding, make] of compress) {
      const packed = make(body);
      assert.ok(packed.length <= compressedLimit(size), `${name}: ${packed.length} for ${size}`);
      const unpacked = await decompress(packed, encoding, size);
      assert.ok(Buffer.isBuffer(unpacked) && unpacked.equals(body), `${name} ${size}`);
      if (size > 1) assert.equal(await decompress(packed, encoding, size - 1), bodyTooLarge, `${name} ${size}`);
    }
  }
});

test("gzip in several members, as gzip files may be, is one body", async () => {
  const body = await decompress(Buffer.concat([gzipSync("ab"), gzipSync("c".repeat(5000))]), "gzip", 10_000);
  assert.ok(Buffer.isBuffer(body));
  assert.equal(body.toString(), `ab${"c".repeat(5000)}`);
});

test("every truncation is refused", async () => {
  for (const [name, encoding, make] of compress) {
    const packed = make(Buffer.from('{"batch":[{"userId":"u","event":"a rather long name of an event"}]}'));
    for (let length = 0; length < packed.length; length++) {
      assert.equal(await decompress(packed.subarray(0, length), encoding, 1000), badCompression, `${name} ${length}`);
    }
  }
});

test("random bytes are refused or unpacked within the limit", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom<Encoding>("gzip", "deflate", "br"),
      async (bytes, encoding) => {
        const result = await decompress(Buffer.from(bytes), encoding, 64);
        assert.ok(Buffer.isBuffer(result) ? result.length <= 64 : result === badCompression || result === bodyTooLarge);
      },
    ),
  );
});

test("a size that lies changes nothing", async () => {
  const packed = gzipSync("a".repeat(3000));
  for (const lie of [0, 1, 2999, 0xffffffff]) {
    packed.writeUInt32LE(lie, packed.length - 4);
    assert.equal(await decompress(packed, "gzip", 10_000), badCompression);
  }
});
