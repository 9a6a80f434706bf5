/** Flags of Node that name a program as text, with a value of their own or behind `=`. */
const programs = /^(?:-e|--eval|-p|-pe|--print)$/;
const programsInOne = /^--(?:eval|print|input-type)=/;

/**
 * The flags of Node with which a process was started, for one that it starts: but for a debugger's,
 * since two processes cannot have the same port, and but for a program's text, which would run in
 * the place of the file.
 */
export function childFlags(flags: readonly string[]): string[] {
  return flags.filter((flag, at) => {
    const isValue = at > 0 && (programs.test(flags[at - 1]!) || flags[at - 1] === "--input-type");
    return !isValue && !programs.test(flag) && !programsInOne.test(flag) && !/^--(?:inspect|input-type$)/.test(flag);
  });
}
