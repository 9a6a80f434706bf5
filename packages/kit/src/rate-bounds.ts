/**
 * Bounds in events per second, from one in a quarter of an hour to more than any machine reaches.
 * Within these, the computed pauses are neither endless nor zero.
 */
export const rateBounds: { readonly min: number; readonly max: number } = { min: 0.001, max: 1_000_000_000 };
