export {
  FakeFileSystem,
  type FakeFileSystemOptions,
  type Interference,
  type Operation,
  type OperationKind,
  type RandomNumber,
  systemError,
} from "./fake-file-system.ts";
export { FatalFileSystem, type FatalPhase } from "./fatal-file-system.ts";
