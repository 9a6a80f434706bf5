/** The partition of a user key, as Kafka finds it. It can never change. */
export function partitionOf(keyHash: number, partitions: number): number {
  return (keyHash & 0x7fffffff) % partitions;
}
