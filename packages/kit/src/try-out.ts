import type { DeliveredEvent } from "@pintle/events/gateway";
import { classifyAnswer, classifyError } from "./classify.ts";
import type { TriedOut } from "./contract.ts";
import type { HttpDefinition } from "./http-definition.ts";
import type { HttpLine } from "./http-line.ts";
import type { HttpRequest } from "./http-request.ts";
import { type Answer, dead, delivered, type Outcome, retry } from "./outcome.ts";
import { unmakeable } from "./refusal.ts";

/**
 * Tries out a destination in the type's own way. Resolves with the result, or with `undefined` if
 * the event is to be sent like any other. Never rejects.
 */
export async function triedOut<Settings>(
  { tryOut }: Pick<HttpDefinition<Settings>, "tryOut">,
  event: DeliveredEvent,
  settings: Settings,
  line: HttpLine<Settings>,
): Promise<TriedOut | undefined> {
  const asked = async (make: () => HttpRequest, refused: (detail: string, answer: Answer) => Outcome) => {
    let request: HttpRequest;
    try {
      request = line.named(make());
    } catch (error) {
      return unmakeable(error);
    }
    try {
      const answer = await line.send(request);
      const detail = line.isDry ? undefined : problemIn(answer, line.now());
      return detail === undefined ? delivered : refused(detail, answer);
    } catch (error) {
      return classifyError(error);
    }
  };
  const problemIn = (answer: Answer, now: number): string | undefined => {
    if (tryOut?.verdict !== undefined) return tryOut.verdict(answer, settings);
    const { outcome, detail } = classifyAnswer(answer, now);
    return outcome === "delivered" ? undefined : (detail ?? `the service answered ${answer.status}`);
  };
  if (tryOut?.credentials !== undefined) {
    const make = () => tryOut.credentials!(settings, line.attempt());
    const outcome = await asked(make, (detail, answer) => retry("destination", "credentials", { detail, answer }));
    if (outcome.outcome !== "delivered") return { outcome, counts: false };
  }
  if (tryOut?.event === undefined) return undefined;
  const make = () => tryOut.event!(event, settings, line.attempt());
  const outcome = await asked(make, (detail, answer) => dead("invalid_event", { detail, answer }));
  return { outcome, counts: false };
}
