import { createRequire } from "node:module";
import type * as Pino from "pino";
import { plainText } from "./plain-text.ts";
import type { Redact } from "./redactor.ts";

interface LogMethod {
  (message: string): void;
  (fields: object, message: string): void;
}

/**
 * What every part of the data plane logs with; pino has this shape. Normal operation logs nothing.
 */
export interface PlaneLogger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

export interface LoggerOptions {
  /** @default "info" */
  readonly level?: LogLevel;
  /** Lines for people (`12:30:05 warn: message field=value`) in place of JSON. @default false */
  readonly readable?: boolean;
  /** Applied to each finished line. */
  readonly redact?: Redact;
  /** Takes finished lines, line feed included. @default standard error */
  readonly write?: (line: string) => void;
}

/** Logs to standard error, so that standard output stays free for what a command prints. */
export function createLogger(options: LoggerOptions = {}): PlaneLogger {
  const { level = "info", readable = false, redact = (line) => line, write = writeToStderr } = options;
  const format = readable ? readableLine : (line: string) => line;
  let made: PlaneLogger | undefined;
  const logger = (): PlaneLogger => {
    made ??= loadPino().pino(
      { level, base: null, serializers: { err: fieldsOf }, formatters: { level: (label) => ({ level: label }) } },
      { write: (line: string) => write(redact(format(line))) },
    );
    return made;
  };
  const at = (name: keyof PlaneLogger): LogMethod => {
    const isOn = logLevels.indexOf(name) >= logLevels.indexOf(level);
    return (fields: object | string, message?: string) => {
      if (!isOn) return;
      if (typeof fields === "string") logger()[name](fields);
      else logger()[name](fields, message ?? "");
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/**
 * Loads pino with the first line: normal operation logs none, and to load it takes as long as half
 * of Node's own start. `preloadLogger` is for who cannot know whether its files are there later.
 */
function loadPino(): typeof Pino {
  return createRequire(import.meta.url)("pino") as typeof Pino;
}

/** Loads what the first line needs. */
export function preloadLogger(): void {
  loadPino();
}

/**
 * pino puts the messages of all causes behind each other, also those that one has taken over from
 * the next.
 */
function fieldsOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  let { message } = error;
  let { cause } = error;
  // A cause may be its own.
  for (let depth = 0; depth < 10 && cause instanceof Error; depth++, { cause } = cause) {
    if (!message.includes(cause.message)) message += `: ${cause.message}`;
  }
  return { ...loadPino().stdSerializers.err(error), message };
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}

function readableLine(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as {
    level: string;
    time: number;
    msg?: string;
    err?: { message?: string };
    [field: string]: unknown;
  };
  const parts = [`${new Date(time).toTimeString().slice(0, 8)} ${level}: ${msg ?? ""}`];
  if (err?.message !== undefined && err.message !== msg) parts.push(`(${err.message})`);
  for (const [name, value] of Object.entries(fields)) {
    parts.push(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
  return `${plainText(parts.join(" "))}\n`;
}

/**
 * What the log has of an error that nobody foresaw, and that may quote somebody's data: its kind,
 * its place, and the length of what it says.
 */
export function unforeseen(error: unknown): { readonly message: string; readonly stack: string } {
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const frames = stack.split("\n").filter((line) => /^ {4}at /.test(line));
  const kind = /^\w{1,40}$/.test(name) ? name : "an error";
  return { message: `${kind} (in ${message.length} characters)`, stack: frames.join("\n") };
}
