import { type Attempt, type DeliveredEvent, defineDestination, field, type Question, secret, z } from "pintle/kit";

/** What the service says of somebody. */
interface CrmPerson {
  readonly id: string;
}

/**
 * A made-up customer database: people have ids of its own, which have to be looked up, and its
 * tokens hold for an hour.
 */
export default defineDestination({
  type: "crm",
  displayName: "CRM",
  description: "Keeps people and what they do in a customer database",
  addresses: "https://api.crm.example",
  settings: {
    clientId: z.string().min(1).describe("The id of the app, from its page in the CRM"),
    clientSecret: secret(z.string().min(1)).describe("The secret of the app"),
  },
  concurrency: () => 8,
  timeout: () => 1000,
  pace: () => ({ requests: 200, per: 1000 }),
  token: {
    request: ({ clientId, clientSecret }, { base }) => ({
      method: "POST",
      url: `${base}/oauth/token`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret,
      }).toString(),
    }),
    read({ body }) {
      const { access_token, expires_in } = JSON.parse(body) as { access_token: string; expires_in: number };
      return { token: access_token, expiresIn: expires_in };
    },
  },
  accepts: (event) => {
    if (event.type !== "identify" && event.type !== "track") return "unsupported";
    return field(event).userId === undefined ? "no_user" : true;
  },
  *converse([event], _settings, attempt) {
    const id = yield* personId(event!, attempt);
    const { traits, time } = field(event!);
    const key = event!.messageId;
    if (event!.type === "identify") yield request(attempt, "PUT", `/people/${id}`, { key, traits });
    else yield request(attempt, "POST", `/people/${id}/activities`, { key, name: event!.event, time });
    return undefined;
  },
  tryOut: { credentials: (_settings, attempt) => request(attempt, "GET", "/me") },
  forget: {
    requests: ([person], _settings, attempt) => [
      request(attempt, "DELETE", `/people?external_id=${encodeURIComponent(person?.userId ?? "")}`),
    ],
  },
});

/** The id by which the service knows a person, who is created where it does not. */
function* personId(
  event: DeliveredEvent,
  attempt: Attempt,
): Generator<Question, string, { readonly status: number; readonly body: string }> {
  const externalId = field(event).userId ?? "";
  const path = `/people?external_id=${encodeURIComponent(externalId)}`;
  const found = yield request(attempt, "GET", path);
  if (found.status === 200) return (JSON.parse(found.body) as CrmPerson).id;
  const created = yield request(attempt, "POST", "/people", { external_id: externalId });
  if (created.status === 201) return (JSON.parse(created.body) as CrmPerson).id;
  // Another event has created the person meanwhile (409).
  return (JSON.parse((yield request(attempt, "GET", path)).body) as CrmPerson).id;
}

function request({ base, token }: Attempt, method: Question["method"], path: string, body?: object): Question {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return { method, url: `${base}${path}`, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}
