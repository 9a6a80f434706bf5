// The checks as a program of Node, Bun and Deno: RUNTIME program.mjs CONTROL_URL. Prints what failed.

import process from "node:process";
import { Pintle } from "@pintle/sdk";
import { conform } from "./conformance.mjs";

console.log(JSON.stringify(await conform({ Pintle, controlUrl: process.argv[2] })));
