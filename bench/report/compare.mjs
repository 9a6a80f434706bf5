// Reads a table of figures, and compares it with the previous one.

/** A figure that moved by more than this share is named. */
const noticeable = 0.1;

/**
 * The figures of a Markdown file, by section and name: the ratio where there is one, for it leaves
 * out what the machine did, else the first number of the value.
 */
export function readFigures(markdown) {
  const figures = new Map();
  let section = "";
  let titles;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3).trim();
    if (!line.startsWith("|")) {
      titles = undefined;
      continue;
    }
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (titles === undefined) titles = cells;
    else if (!cells.every((cell) => /^-*:?$/.test(cell))) {
      const row = Object.fromEntries(titles.map((title, k) => [title, cells[k] ?? ""]));
      if (row.figure === undefined) continue;
      const number = firstNumber(row.ratio) ?? firstNumber(row.Pintle);
      if (number !== undefined) figures.set(`${section}: ${row.figure}`, number);
    }
  }
  return figures;
}

function firstNumber(text = "") {
  const found = /-?\d[\d,]*(?:\.\d+)?/.exec(text);
  return found === null ? undefined : Number(found[0].replaceAll(",", ""));
}

/** The figures that both have, and that moved noticeably, in the order of the later ones. */
export function moved(before, after) {
  return [...after].flatMap(([figure, now]) => {
    const then = before.get(figure);
    if (then === undefined || then === now) return [];
    const share = then === 0 ? Number.POSITIVE_INFINITY : now / then - 1;
    return Math.abs(share) > noticeable ? [{ figure, before: then, now, share }] : [];
  });
}
