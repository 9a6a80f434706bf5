/** The owner of a file or folder, and who else may do what with it. */
export interface Access {
  readonly uid: number;
  /** Permission bits, others are ignored. */
  readonly mode: number;
}

export type AccessVerdict =
  /** Private: nobody else gets at it. */
  | { readonly kind: "private" }
  /** A mode to be cleared of `mode & 0o077`; `problem` says what it was. */
  | { readonly kind: "open"; readonly problem: string }
  /** Shared: another user owns it, and that is tolerated: it cannot be changed, and is reported. */
  | { readonly kind: "shared"; readonly problem: string }
  /** Foreign: another user can put into it what they like. */
  | { readonly kind: "foreign"; readonly problem: string };

/**
 * What is to be done about something in which secrets or events are kept, or found. Pure.
 *
 * Root is trusted, as it can do everything anyway: volumes of containers belong to it, with the
 * group of the process. Root itself may use what belongs to somebody else, as containers do with a
 * folder of their host.
 *
 * @param uid of this process; `undefined` where the system has no such thing
 */
export function judgeAccess({ uid: owner, mode }: Access, uid: number | undefined): AccessVerdict {
  const bits = (mode & 0o777).toString(8).padStart(4, "0");
  if (uid === undefined) return { kind: "private" };
  if (owner === uid) {
    return (mode & 0o077) === 0 ? { kind: "private" } : { kind: "open", problem: `was open to others (mode ${bits})` };
  }
  const belongs = `belongs to ${owner === 0 ? "root" : `another user (uid ${owner})`}`;
  if (owner !== 0 && uid !== 0) return { kind: "foreign", problem: belongs };
  if ((mode & 0o002) !== 0)
    return { kind: "foreign", problem: `${belongs}, and everybody can write it (mode ${bits})` };
  return owner === 0 && (mode & 0o007) === 0
    ? { kind: "private" }
    : { kind: "shared", problem: `${belongs}, mode ${bits}` };
}
