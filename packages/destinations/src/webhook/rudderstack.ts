import { text } from "../rudderstack/settings.ts";
import type { Translator } from "../rudderstack/translator.ts";

export const translator: Translator = {
  definition: "WEBHOOK",

  translate(settings, omit) {
    const method = (settings.text("webhookMethod") || "POST").toUpperCase();
    if (!["POST", "PUT", "PATCH", "GET", "DELETE"].includes(method)) {
      omit(`all of it: the webhook of Pintle sends no ${method}`);
      return undefined;
    }
    const given = settings.list("headers", ["from", "to"]);
    const named = given.filter(({ from }) => text(from) !== "");
    if (given.some(({ from, to }) => text(from) === "" && text(to) !== "")) omit("its header without a name");
    // An object with `env` alone is a variable of the environment here; the name of a header may be
    // written in any case.
    const nameOf = (from: unknown) => (named.length === 1 && text(from) === "env" ? "Env" : text(from));
    const headers = Object.fromEntries(named.map(({ from, to }) => [nameOf(from), text(to)]));
    let url = settings.text("webhookUrl");
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed !== undefined && parsed.username + parsed.password !== "") {
      const user = `${decoded(parsed.username)}:${decoded(parsed.password)}`;
      headers.authorization ??= `Basic ${Buffer.from(user).toString("base64")}`;
      parsed.username = "";
      parsed.password = "";
      url = parsed.href;
    }
    return {
      url,
      ...(method === "POST" ? {} : { method }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
    };
  },
};

/** A `%` that encodes nothing stands for itself. */
function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
