// A program whose bundle is for a browser: it gets the build that has nothing of Node. `node
// browser.cjs URL` runs it.
const { Pintle } = require("@pintle/sdk");

const client = new Pintle("key", globalThis.process.argv[2]);
client.track({ userId: "1", event: "Browser" });
client.close();
