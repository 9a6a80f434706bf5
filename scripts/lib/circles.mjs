/**
 * The shortest circle out of each group of nodes that reach each other, as `[a, b, a]`. Sorted, so
 * that one tree gives one answer.
 *
 * @param arrows pairs `[from, to]`
 */
export function circles(arrows) {
  const targets = new Map();
  for (const [from, to] of [...arrows].sort(byName)) {
    if (!targets.has(from)) targets.set(from, new Set());
    targets.get(from).add(to);
  }
  const done = new Set();
  const found = [];
  for (const node of targets.keys()) {
    if (done.has(node)) continue;
    const circle = circleThrough(node, targets);
    if (circle === undefined) continue;
    for (const member of together(node, targets)) done.add(member);
    found.push(circle);
  }
  return found;
}

/** The shortest way from a node back to itself, breadth first. */
function circleThrough(start, targets) {
  const ways = [[start]];
  const seen = new Set();
  for (const way of ways) {
    for (const next of targets.get(way.at(-1)) ?? []) {
      if (next === start) return [...way, start];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/** All nodes that are reached from this one, and reach it. */
function together(node, targets) {
  return [...reached(node, targets)].filter((other) => reached(other, targets).has(node));
}

function reached(start, targets) {
  const seen = new Set();
  const queue = [start];
  for (const node of queue) {
    for (const next of targets.get(node) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen;
}

function byName([a, b], [c, d]) {
  return `${a} ${b}` < `${c} ${d}` ? -1 : 1;
}
