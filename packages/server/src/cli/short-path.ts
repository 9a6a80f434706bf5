import { isAbsolute, relative } from "node:path";

/** A path as people would write it in `directory`: relative, unless it leads out of there. */
export function shortPath(path: string, directory: string): string {
  const short = relative(directory, path);
  return short.startsWith("..") || isAbsolute(short) ? path : short;
}
