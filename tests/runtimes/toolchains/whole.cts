// What `require` gives is the class itself, with the types in its namespace.
import Analytics = require("@pintle/sdk/rudder-sdk-node");

import { type apiObject, Analytics as Named, type TrackParams } from "@pintle/sdk/rudder-sdk-node";

const options: Analytics.constructorOptions = { dataPlaneUrl: "http://localhost:1" };
const traits: apiObject = { plan: "Free" };
const message: TrackParams = { userId: "1", event: "Paid" };
new Analytics("key", options).identify({ userId: "1", traits }).track(message);
new Named("key");
