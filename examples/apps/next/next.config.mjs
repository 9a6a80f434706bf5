import { fileURLToPath } from "node:url";

/** @type {import("next").NextConfig} */
export default {
  // The SDK is linked from this repository; an app that has it from npm needs none of this.
  turbopack: { root: fileURLToPath(new URL("../../..", import.meta.url)) },
};
