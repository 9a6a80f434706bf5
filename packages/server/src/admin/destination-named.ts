import { AdminRefusal } from "./admin-server.ts";

/** A destination of the configuration. */
export interface KnownDestination {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}

/** The destination with this id, else the one with this name. @throws AdminRefusal 404 */
export function destinationNamed<Known extends Pick<KnownDestination, "id" | "name">>(
  named: string,
  known: readonly Known[],
): Known {
  const found = known.find(({ id }) => id === named) ?? known.find(({ name }) => name === named);
  if (found !== undefined) return found;
  const names = known.length === 0 ? "there are none" : `there are ${known.map(({ id }) => id).join(", ")}`;
  throw new AdminRefusal(404, `no destination is called ${JSON.stringify(named)}; ${names}`);
}
