export {
  FakeFileSystem,
  type FakeFileSystemOptions,
  type Interference,
  type Operation,
  type OperationKind,
  type Random,
  systemError,
} from "./fake-file-system.ts";
