// What a bench has measured: each figure is printed as soon as it is there, so that a bench that
// fails later takes none along, and all of them again as one table at the end.
import { writeFileSync } from "node:fs";

/** The flag by which a bench also writes its table to a file. */
export const markdownFlag = { markdown: { type: "string" } };

const titles = { figure: "figure", value: "Pintle", beside: "beside", ratio: "ratio", goal: "goal", note: "note" };
const columns = Object.keys(titles);

export class Figures {
  #rows = [];
  #file;

  /** @param file where the table goes as Markdown, row by row; none: nowhere */
  constructor(file) {
    this.#file = file;
  }

  /**
   * @param row what was measured: `figure` is its name, `value` that of Pintle and `beside` that of
   *   the peer as texts, `ratio` a number, `goal` a text, `note` what else is to be said
   */
  add(row) {
    const texts = Object.fromEntries(columns.map((column) => [column, textOf(row[column])]));
    this.#rows.push(texts);
    console.log(
      columns
        .filter((column) => texts[column] !== "")
        .map((column) =>
          column === "figure" || column === "note" ? texts[column] : `${titles[column]} ${texts[column]}`,
        )
        .join(" | "),
    );
    if (this.#file !== undefined) writeFileSync(this.#file, `${markdownOf(this.#rows)}\n`);
  }

  /** Prints the table, below what was true of all of it. */
  end(heading) {
    console.log(`\n${heading}\n\n${markdownOf(this.#rows)}`);
  }
}

export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
export const thousands = (number) => Math.round(number).toLocaleString("en");

function textOf(value) {
  if (value === undefined) return "";
  return typeof value === "number" ? value.toFixed(2) : String(value).replaceAll("|", "/");
}

/** Rows of texts as a table, its columns aligned; those that are empty are left out. */
export function markdownOf(rows) {
  const used = columns.filter((column) => column !== "note" || rows.some((row) => row[column] !== ""));
  const lines = [titles, ...rows].map((row) => used.map((column) => row[column]));
  const widths = used.map((_, k) => Math.max(3, ...lines.map((line) => line[k].length)));
  const text = lines.map(
    (line) => `| ${line.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k]))).join(" | ")} |`,
  );
  const rule = `| ${widths.map((width, k) => (k === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [text[0], rule, ...text.slice(1)].join("\n");
}
