import type { AddressInfo } from "node:net";
import { EmbeddedEngine } from "../engine/embedded/embedded-engine.ts";
import { createGateway } from "./gateway.ts";
import { keepingLogger, sources } from "./running-gateway.test.support.ts";

/* A gateway in a process of its own, to be killed: tells its port over IPC. */

const logger = keepingLogger([]);
const engine = new EmbeddedEngine({ directory: process.argv[2] ?? "", owns: () => true, logger });
const { server } = createGateway({ sources, engine, logger, version: "0" });
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
// Without its parent it would run for ever.
process.on("disconnect", () => process.exit());
