// From CommonJS: RUNTIME require.cjs. Prints which entries can be required.
const entries = ["", "/express", "/fastify", "/hono", "/next", "/rudder-sdk-node", "/analytics-node", "/testing"];
console.log(JSON.stringify(entries.map((entry) => typeof require(`@pintle/sdk${entry}`))));
