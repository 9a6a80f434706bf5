// The checks as a program of Node, Bun and Deno: RUNTIME program.mjs CONTROL_URL. Prints what
// failed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Pintle } from "@pintle/sdk";
import { conform } from "./conformance.mjs";

const directory = mkdtempSync(join(tmpdir(), "pintle-runtime-"));
console.log(JSON.stringify(await conform({ Pintle, controlUrl: process.argv[2], directory })));
rmSync(directory, { recursive: true });
