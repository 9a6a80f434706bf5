/*
 * The words that cannot be names in PostgreSQL without quotation marks: the key words that
 * `pg_get_keywords()` calls reserved (categories R and T), and the columns that every table has of
 * the system's own. A test compares both with a server.
 */
export const reservedWords: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
  concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
  full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
  right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
  using variadic verbose when where window with`.split(/\s+/),
);

/**
 * Where RudderStack's list for PostgreSQL differs: words that it escapes though the server does not
 * reserve them, and the other way round.
 */
const onlyRudderStack: ReadonlySet<string> = new Set(["between", "new", "off", "old"]);
const notRudderStack: ReadonlySet<string> = new Set(
  "collation concurrently fetch lateral tablesample returning window with".split(" "),
);

export function isReservedByRudderStack(name: string): boolean {
  return onlyRudderStack.has(name) || (reservedWords.has(name) && !notRudderStack.has(name));
}

export const systemColumns: ReadonlySet<string> = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]);
