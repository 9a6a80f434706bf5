// Tools to test a destination against an emulated service.
export { Emulator, type EmulatorOptions, type Seen } from "./emulator.ts";
export { allFaults, type Fault, type FaultOptions } from "./faults.ts";
export { type Random, seededRandom } from "./random.ts";
export {
  AnswerError,
  basic,
  bearer,
  type ItemsRoute,
  type Kept,
  type RefusedEvent,
  type Route,
  type Served,
  takesItems,
  type Vendor,
  type VendorAnswer,
  type VendorRequest,
} from "./vendor.ts";
