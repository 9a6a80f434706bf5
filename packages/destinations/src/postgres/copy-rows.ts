import type { Fitter, Layout } from "../warehouse/load/fitter.ts";
import type { Item } from "../warehouse/load/item.ts";
import { type CopyLines, copyFields, copyNull, type NextLine } from "./copy-in.ts";

/** What stands around the parts of rows that are laid out alike. */
interface RowFrame {
  readonly layout: Layout;
  /**
   * The fields before each part that have no value; `undefined` where the parts cannot go in as
   * they are.
   */
  readonly before: readonly string[] | undefined;
  readonly after: string;
}

/**
 * Rows as lines for COPY. Each is made when it is sent, so that the server works on one part while
 * the next one is made.
 */
export function copyRows(items: readonly Item[], fitter: Fitter): NextLine {
  let at = 0;
  let frame: RowFrame | undefined;
  return (lines) => {
    const item = items[at++];
    if (item === undefined) return false;
    const layout = fitter.layoutOf(item);
    if (frame?.layout !== layout) frame = frameFor(layout);
    if (frame.before === undefined) {
      const { text, isAscii } = copyFields(fitter.values(item));
      lines.fields(text, isAscii);
    } else writeParts(item, frame.before, frame.after, lines);
    lines.endLine();
    return true;
  };
}

function frameFor(layout: Layout): RowFrame {
  return { layout, before: layout.gaps?.map(nulls), after: nulls(layout.rest) };
}

function nulls(count: number): string {
  return `${copyNull}\t`.repeat(count);
}

/** The parts go in one after the other, each encoded once for all rows that share it. */
function writeParts({ parts }: Item, before: readonly string[], after: string, lines: CopyLines): void {
  for (let at = 0; at < parts.length; at++) {
    const cells = parts[at]!;
    cells.encoded ??= copyFields(cells.values);
    const { text, isAscii } = cells.encoded;
    if (before[at] !== "") lines.fields(before[at]!, true);
    if (text !== "") lines.fields(text, isAscii);
  }
  if (after !== "") lines.fields(after, true);
}
