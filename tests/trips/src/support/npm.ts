import { runProgram } from "./program.ts";

/** Under `npm test` npm says where it is; else it is on the PATH. */
export function npm(args: readonly string[], cwd: string): Promise<string> {
  const script = process.env.npm_execpath;
  const options = { cwd, deadline: 240_000 };
  return script?.endsWith(".js")
    ? runProgram(process.execPath, [script, ...args], options)
    : runProgram("npm", args, options);
}
