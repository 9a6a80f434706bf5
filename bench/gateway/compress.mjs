// node compress.mjs FILE: writes the compressed bodies of the load "gzip", each behind its length
// in four bytes. More than the window in which message ids must differ: they can be sent in a
// circle.
import { writeFileSync } from "node:fs";
import { compressed } from "./bodies.mjs";

const parts = compressed(10_400).flatMap((body) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return [length, body];
});
writeFileSync(process.argv[2], Buffer.concat(parts));
