export {
  isDeleted,
  kindOf,
  objects,
  RudderStackSettings,
  readFlag,
  text,
  type WorkspaceObject,
} from "./settings.ts";
export type { Translator } from "./translator.ts";
