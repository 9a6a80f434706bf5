/**
 * Tools for tests of programs that use the SDK: a client that keeps what it is given, and a data
 * plane that fails on demand.
 *
 * Runs on Node, Bun and Deno.
 *
 * @module @pintle/sdk/testing
 */
export type { Answer, AnswerDetails } from "./answer.ts";
export { FakeDataPlane, type FakeDataPlaneOptions } from "./fake-data-plane.ts";
export type { ReceivedMessage, ReceivedRequest } from "./received-request.ts";
export { type MessagePattern, type TestConfig, TestPintle } from "./test-pintle.ts";
