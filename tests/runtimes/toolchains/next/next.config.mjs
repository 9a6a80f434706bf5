import { fileURLToPath } from "node:url";

/** @type {import("next").NextConfig} */
export default {
  // The test puts this folder beside the packages of examples/apps.
  turbopack: { root: fileURLToPath(new URL("../../..", import.meta.url)) },
};
