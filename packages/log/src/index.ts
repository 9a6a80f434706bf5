export type { Damage } from "./damage.ts";
export { isDiskFull, LogError, type LogErrorCode, logErrors } from "./errors.ts";
export type { File, FileSystem, OpenMode } from "./file-system.ts";
export { FolderLock, type FolderLockOptions } from "./folder-lock.ts";
export {
  type ConsumerSummary,
  type DamageFound,
  type Inspection,
  type InspectOptions,
  inspectLog,
  type SegmentSummary,
  verifyLog,
} from "./inspect.ts";
export { Log } from "./log.ts";
export { LogReader, type LogReaderOptions, type ReadLimits, type ReadResult } from "./log-reader.ts";
export { makeFolders } from "./make-folders.ts";
export { nodeFileSystem } from "./node-file-system.ts";
export type { LogOptions } from "./options.ts";
export type { Progress } from "./progress.ts";
export { ProgressFile, type ProgressFileOptions, readProgress } from "./progress-file.ts";
export type { LogRecord } from "./record.ts";
export { renderInspection } from "./render-inspection.ts";
export type { OffsetRange, RetentionReport, RetentionRules, RetentionWarning } from "./retention.ts";
