/**
 * Events a second, from one in a quarter of an hour to what no machine reaches: within these, no
 * pause that is worked out of it is for ever, and none is nothing.
 */
export const rateBounds: { readonly min: number; readonly max: number } = { min: 0.001, max: 1_000_000_000 };
