// Sends the story by RudderStack's SDK for Node: node rudder.mjs DATA_PLANE_URL WRITE_KEY
// STORY_FILE
import Analytics from "@rudderstack/rudder-sdk-node";
import { readStory } from "./story.mjs";

const [dataPlaneUrl, writeKey, story] = process.argv.slice(2);
const client = new Analytics(writeKey, { dataPlaneUrl, flushInterval: 100 });

const answers = readStory(story).map(
  ([type, message]) =>
    new Promise((resolve, reject) => client[type](message, (error) => (error ? reject(error) : resolve()))),
);
await client.flush();
await Promise.all(answers);
