import { duration, type SettingsOf, secret } from "@pintle/kit";
import { z } from "zod";
import { warehouseShape } from "../warehouse/load/settings.ts";
import { connectOptions } from "./connect-options.ts";
import { postgresDialect } from "./dialect.ts";

export const settings = {
  url: secret(
    z.string().superRefine((url, { addIssue }) => {
      try {
        connectOptions({ url, tls: undefined, ca: undefined, timeout: 0 });
      } catch (error) {
        addIssue({ code: "custom", message: (error as Error).message });
      }
    }),
  ).describe("Server and database: `postgres://user:password@host:5432/database`"),
  tls: z
    .enum(["verify", "no-verify", "off"])
    .optional()
    .describe(
      '`"verify"`: TLS, the certificate and its name are checked; `"no-verify"`: TLS without a check; `"off"`: none. Without it, what the URL and the host say',
    ),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('File with the certificates (PEM) that `"verify"` trusts, in place of the system\'s'),
  ...warehouseShape(postgresDialect),
  timeout: duration({ min: 1000, max: 3_600_000 })
    .default(60_000)
    .describe("Time for each statement, and for connecting"),
};

export type PostgresSettings = SettingsOf<typeof settings>;
