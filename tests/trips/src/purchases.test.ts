import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { byCustomer, parsePurchase, readPurchases } from "./purchases.ts";
import { tempFolder } from "./support/temp-folder.ts";

test("a line is a purchase, with money in whole cents", () => {
  assert.deepEqual(parsePurchase(" 00004 0001 19970101  2   29.33"), {
    customer: "customer-0001",
    date: "1997-01-01T00:00:00.000Z",
    cds: 2,
    cents: 2933,
  });
  assert.equal(parsePurchase("1 2 19980630 1 506.97").cents, 50_697);
});

for (const line of [
  "00004 0001 19970101 2",
  "customer date",
  "00004 0001 19970101 2 29.3",
  "00004 0001 1997010 2 29.33",
]) {
  test(`a line that is no purchase is refused: ${line}`, () => {
    assert.throws(() => parsePurchase(line), { message: `not a line of the CDNOW sample: ${JSON.stringify(line)}` });
  });
}

test("purchases come in the order in which the shop saw them", async () => {
  await using folder = await tempFolder("purchases");
  const path = join(folder.path, "sample.txt");
  await writeFile(
    path,
    [
      " 1 0001 19970102 1 10.00",
      " 1 0001 19970102 2 9.00",
      " 1 0001 19980101 3 8.00",
      " 2 0002 19970101 4 7.00",
      "",
    ].join("\r\n"),
  );
  const purchases = readPurchases(path);
  assert.deepEqual(
    purchases.map(({ cds }) => cds),
    [4, 1, 2, 3],
  );
  assert.deepEqual(
    [...byCustomer(purchases)].map(([customer, { length }]) => [customer, length]),
    [
      ["customer-0002", 1],
      ["customer-0001", 3],
    ],
  );
});
