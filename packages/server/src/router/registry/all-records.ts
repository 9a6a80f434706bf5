import type { AssignedPartition, Engine, EngineRecord } from "../../engine/engine.ts";

export interface RecordsOptions {
  /** Records below this offset are left out. @default 0 */
  readonly from?: number;
  /** Told first: the offset of the oldest record that is kept. */
  readonly start?: (start: number) => void;
}

/** Every record that a topic of one partition has now, from its start. `group` may have no other member meanwhile. */
export async function* allRecords(
  engine: Engine,
  topic: string,
  group: string,
  { from = 0, start }: RecordsOptions = {},
): AsyncGenerator<EngineRecord> {
  let tell: (partition: AssignedPartition) => void = () => {};
  const assigned = new Promise<AssignedPartition>((resolve) => {
    tell = resolve;
  });
  const subscription = await engine.subscribe(topic, group, { assigned: tell, revoked: async () => {} });
  try {
    const partition = await assigned;
    const end = partition.end();
    start?.(partition.start());
    for (let at = Math.max(from, partition.start()); at < end; ) {
      const { records, next } = await partition.read(at, 1 << 16);
      if (next === at) break;
      yield* records;
      at = next;
    }
  } finally {
    await subscription.close();
  }
}
