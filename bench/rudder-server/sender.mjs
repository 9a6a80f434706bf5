// Sends events over RudderStack's HTTP API, with message ids that are never used twice.
import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";

export class Sender {
  #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #url;
  #authorization;

  constructor({ url, key }) {
    this.#url = url;
    this.#authorization = `Basic ${btoa(`${key}:`)}`;
  }

  /**
   * Sends one request with so many events. Gives their ids and when it was sent, milliseconds since
   * the epoch, if they were accepted, else `undefined`: nothing is sent again.
   */
  async send(count = 1) {
    const events = Array.from({ length: count }, event);
    const since = performance.timeOrigin + performance.now();
    const ok = await this.#post(
      count === 1 ? "/v1/track" : "/v1/batch",
      JSON.stringify(count === 1 ? events[0] : { batch: events }),
    );
    return ok ? { since, ids: events.map(({ messageId }) => messageId) } : undefined;
  }

  #post(path, body) {
    return new Promise((resolve) => {
      const headers = { authorization: this.#authorization, "content-type": "application/json" };
      const options = { method: "POST", agent: this.#agent, headers };
      const sending = request(new URL(path, this.#url), options, (response) => {
        response.resume();
        response.on("error", () => resolve(false));
        response.on("end", () => resolve(response.statusCode === 200));
      });
      sending.on("error", () => resolve(false));
      sending.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

let made = 0;

function event() {
  const number = made++;
  return {
    type: "track",
    event: "Order Completed",
    userId: `user-${number % 5000}`,
    messageId: randomUUID(),
    originalTimestamp: new Date().toISOString(),
    properties: { order_id: `order-${number}`, revenue: 12.5 + (number % 100), currency: "EUR" },
    context: { library: { name: "bench", version: "1" }, locale: "de-DE" },
  };
}
