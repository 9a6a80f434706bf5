import { defineConfig } from "pintle";

const { DATABASE_URL } = process.env;

export default defineConfig({
  sources: [{ name: "shop", writeKey: "wk_example_shop", destinations: ["archive", "warehouse"] }],
  destinations: {
    // One event on each line. A relative path starts at the folder of this file.
    archive: { type: "file", path: "./pintle-data/events.jsonl" },
    // Tables in the schema `shop`, if there is a database:
    // postgres://user:password@host:5432/database
    warehouse: { type: "postgres", url: DATABASE_URL || "postgres://localhost/shop", enabled: Boolean(DATABASE_URL) },
  },
});
