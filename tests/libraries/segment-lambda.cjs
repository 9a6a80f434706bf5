// A function as programs for Segment's SDK are written, in CommonJS, which answers when its event
// is delivered: `node segment-lambda.cjs LIBRARY HOST`.
const [library, host] = process.argv.slice(2);
const { Analytics } = require(library);

const createAnalytics = () => new Analytics({ writeKey: "key", host, flushAt: 1 }).on("error", console.error);

const handler = async (event) => {
  const analytics = createAnalytics();
  await new Promise((resolve) =>
    analytics.track({ userId: event.userId, event: "Function Called", properties: { from: "lambda" } }, resolve),
  );
  return { statusCode: 200 };
};

handler({ userId: "1" }).then(({ statusCode }) => {
  console.log(statusCode);
  // Frozen: what has not been sent never is.
  process.kill(process.pid, "SIGKILL");
});
