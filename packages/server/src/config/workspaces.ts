import { ServerError } from "../errors.ts";
import { isPlainObject } from "./env.ts";
import { didYouMean } from "./suggestion.ts";

type ListedWorkspace = Readonly<Record<string, unknown>>;

/** A workspace of RudderStack in a file that has one, or several. */
export interface FoundWorkspace {
  /** The source's own id, else its key, else its position in the list, from 1. */
  readonly id: string;
  readonly name: string;
  /**
   * The sources of the workspace, with their destinations. `undefined`: what stands there is no
   * workspace.
   */
  readonly workspace: ListedWorkspace | undefined;
}

/**
 * Whether something is a workspace: it says its id, or its sources contain their destinations, or
 * say of what definition they are.
 */
export function isWorkspaceConfig(input: unknown): input is ListedWorkspace {
  if (!isPlainObject(input)) return false;
  if (typeof input.workspaceId === "string" && "sources" in input) return true;
  if (!Array.isArray(input.sources)) return false;
  return input.sources.some(
    (source) =>
      isPlainObject(source) &&
      (source.sourceDefinition !== undefined ||
        (Array.isArray(source.destinations) && source.destinations.some(isPlainObject))),
  );
}

/**
 * The workspaces in a JSON file: one that is the file; or several in a list or by their ids, as
 * they are, or under `workspaces`. None where the file is not one of RudderStack. Pure.
 */
export function workspacesIn(input: unknown): FoundWorkspace[] {
  if (isWorkspaceConfig(input)) return [found("", input)];
  const several = isPlainObject(input) && input.workspaces !== undefined ? input.workspaces : input;
  const entries: [id: string, value: unknown][] = Array.isArray(several)
    ? several.map((value) => ["", value])
    : isPlainObject(several)
      ? Object.entries(several)
      : [];
  return entries.some(([, value]) => isWorkspaceConfig(value))
    ? entries.map(([id, value], index) => found(id, value, index + 1))
    : [];
}

function found(key: string, value: unknown, position = 1): FoundWorkspace {
  const workspace = isPlainObject(value) ? value : undefined;
  const text = (name: string): string => (typeof workspace?.[name] === "string" ? workspace[name] : "");
  const id = text("workspaceId") || key || text("id") || String(position);
  return { id, name: text("name"), workspace: isWorkspaceConfig(value) ? value : undefined };
}

/**
 * The workspace that is meant.
 *
 * @param wanted its id, where somebody has named one
 * @throws ServerError PINTLE_CONFIG_INVALID, PINTLE_USAGE when there are several and none of them,
 * or one that is not there, is named
 */
export function chooseWorkspace(
  all: readonly FoundWorkspace[],
  wanted: string | undefined,
  shownAs: string,
): ListedWorkspace {
  const usable = all.filter((each) => each.workspace !== undefined);
  if (wanted !== undefined) {
    const [chosen, twin] = usable.filter(({ id }) => id === wanted);
    if (twin !== undefined) {
      const message = `${shownAs}: has several workspaces with the id ${JSON.stringify(wanted)}; leave one of them`;
      throw new ServerError("PINTLE_CONFIG_INVALID", message);
    }
    if (chosen?.workspace !== undefined) return chosen.workspace;
    const hint = didYouMean(
      wanted,
      usable.map(({ id }) => id),
    );
    throw new ServerError(
      "PINTLE_USAGE",
      `--workspace: ${shownAs} has no workspace ${JSON.stringify(wanted)}${hint} (there ${listed(usable)})`,
    );
  }
  const [only, ...others] = usable;
  if (only?.workspace !== undefined && others.length === 0) return only.workspace;
  throw new ServerError(
    "PINTLE_CONFIG_INVALID",
    `${shownAs}: has several workspaces; say which one: --workspace ID (there ${listed(usable)})`,
  );
}

function listed(all: readonly FoundWorkspace[]): string {
  const names = all.map(({ id, name }) => (name === "" ? JSON.stringify(id) : `${JSON.stringify(id)}, called ${name}`));
  return `${names.length === 1 ? "is" : "are"} ${names.join("; ")}`;
}
