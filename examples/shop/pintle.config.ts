import { defineConfig } from "pintle";

export default defineConfig({
  sources: [{ name: "shop", writeKey: "wk_example_shop", destinations: ["archive"] }],
  destinations: {
    // One event on each line. A relative path starts at the folder of this file.
    archive: { type: "file", path: "./pintle-data/events.jsonl" },
  },
});
