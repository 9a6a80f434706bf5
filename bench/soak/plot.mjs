/**
 * A series of numbers over time as lines of text: columns of blocks, with the scale at the left.
 */
export function plot(title, series, { columns = 72, rows = 8, unit = "" } = {}) {
  const width = Math.min(columns, series.length);
  // Each column shows the highest of what falls into it.
  const shown = Array.from({ length: width }, (_, at) =>
    Math.max(
      ...series.slice(
        Math.floor((at * series.length) / width),
        Math.max(Math.floor((at * series.length) / width) + 1, Math.floor(((at + 1) * series.length) / width)),
      ),
    ),
  );
  const highest = Math.max(...shown, 1);
  const lines = Array.from({ length: rows }, (_, at) => {
    const row = rows - at;
    const scale = row === rows || row === 1 ? `${Math.round((highest * row) / rows)} ${unit}` : "";
    const cells = shown.map((value) => (Math.round((value / highest) * rows) >= row ? "█" : " "));
    return `${scale.padStart(10)} │${cells.join("")}`;
  });
  return [title, ...lines, `${"".padStart(10)} └${"─".repeat(width)}`].join("\n");
}
