export {
  type Entry,
  isDeleted,
  kindOf,
  objects,
  RudderStackSettings,
  readFlag,
  text,
} from "./settings.ts";
export type { Translator } from "./translator.ts";
