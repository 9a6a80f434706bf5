const usage = `npm start [-- FLAGS]

  --port PORT        where events come in (default: the first free one from 8080)
  --admin-port PORT  where it tells its status (default: the next free one)`;

/**
 * Reads what stands behind `npm start --`. `environment` is npm's: without the `--`, npm takes a
 * flag for one of its own settings.
 *
 * @returns { port, adminPort }, undefined where nothing is said of them; { problem } or { help }
 * otherwise
 */
export function startFlags(args, environment = {}) {
  for (const flag of ["port", "admin-port"]) {
    const taken = environment[`npm_config_${flag.replace("-", "_")}`];
    if (taken !== undefined)
      return {
        problem: `npm keeps --${flag} for itself: npm start -- --${flag} ${taken === "true" ? (args[0] ?? 9000) : taken}`,
      };
  }
  const ports = {};
  for (let at = 0; at < args.length; at++) {
    const [, flag, inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[at]) ?? [];
    if (flag === "help" || args[at] === "-h") return { help: usage };
    if (flag !== "port" && flag !== "admin-port") {
      return {
        problem: `npm start does not know ${JSON.stringify(args[at])}; there are --port PORT and --admin-port PORT`,
      };
    }
    const value = inline ?? args[++at];
    if (value === undefined) return { problem: `--${flag} needs a value: npm start -- --${flag} 9000` };
    if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) {
      return { problem: `--${flag} takes a port, 0 to 65535, not ${JSON.stringify(value)}` };
    }
    ports[flag] = Number(value);
  }
  const { port, "admin-port": adminPort } = ports;
  if (port !== undefined && port !== 0 && port === adminPort) {
    return { problem: `--port and --admin-port are both ${port}: each needs one of its own` };
  }
  return { port, adminPort };
}
