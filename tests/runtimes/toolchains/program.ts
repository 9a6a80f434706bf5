import {
  type Config,
  ConfigError,
  EventError,
  integrations,
  Pintle,
  PintleError,
  properties,
  type Receipt,
  traits,
} from "@pintle/sdk";
import { pintleContext } from "@pintle/sdk/express";
import { pintleContext as fastify } from "@pintle/sdk/fastify";
import { pintleContext as hono } from "@pintle/sdk/hono";
import { withPintle } from "@pintle/sdk/next";
import Analytics from "@pintle/sdk/rudder-sdk-node";
import { FakeDataPlane, TestPintle } from "@pintle/sdk/testing";
export const config: Config = { batchSize: 10, interval: "5s" };
export const client = new Pintle("key", "http://localhost:1", config);
export const receipt: Receipt = client.track({ userId: "1", event: "A", properties: { a: 1, at: new Date() } });
client.identify({ userId: "1", traits: traits().setName("x") });
client.track({
  userId: "1",
  event: "B",
  properties: properties().setRevenue(1),
  integrations: integrations().enableAll(),
});
export const analytics = new Analytics("key", { dataPlaneUrl: "http://localhost:1" });
export const test = new TestPintle();
export const adapters = [pintleContext(client), fastify(client), hono(client), withPintle(client, () => 1)];
export const isOurs = (error: unknown): boolean =>
  error instanceof ConfigError || error instanceof EventError || error instanceof PintleError;
export const plane: Promise<FakeDataPlane> = FakeDataPlane.start();
