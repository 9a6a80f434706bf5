/**
 * The number of partitions of topics that a group joins together.
 *
 * @throws RangeError where they differ, or there is no topic
 */
export function commonPartitions(topics: readonly string[], partitionsOf: (topic: string) => number): number {
  const counts = new Set(topics.map(partitionsOf));
  const [count] = counts;
  if (count !== undefined && counts.size === 1) return count;
  throw new RangeError(`A group joins topics that have as many partitions, not ${topics.join(", ")}`);
}
