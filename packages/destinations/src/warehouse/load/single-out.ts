/**
 * Loads items, and finds those that are refused: a group that fails is loaded in halves, down to
 * single items. One among `n` costs about `2 log2(n)` loads. The order of the items is kept.
 *
 * @param load returns what went wrong, in which case it has left nothing behind, or `undefined`
 */
export async function singleOut<Item, Failure extends {}>(
  items: readonly Item[],
  load: (some: readonly Item[]) => Promise<Failure | undefined>,
): Promise<Map<Item, Failure>> {
  const refused = new Map<Item, Failure>();
  const visit = async (some: readonly Item[]): Promise<void> => {
    if (some.length === 0) return;
    const failed = await load(some);
    if (failed === undefined) return;
    if (some.length === 1) {
      refused.set(some[0]!, failed);
      return;
    }
    const middle = some.length >> 1;
    await visit(some.slice(0, middle));
    await visit(some.slice(middle));
  };
  await visit(items);
  return refused;
}
