// Sends the story by Segment's SDK for Node: node segment.mjs DATA_PLANE_URL WRITE_KEY STORY_FILE
import { Analytics } from "@segment/analytics-node";
import { readStory } from "./story.mjs";

const [host, writeKey, story] = process.argv.slice(2);
const client = new Analytics({ writeKey, host });
client.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});

for (const [type, message] of readStory(story)) client[type](message);
await client.closeAndFlush();
