// A reporter for Node's runner: lists at the end, where nobody misses it, what was skipped and why.
// With PINTLE_REQUIRE_ALL=1, a skip is a failure.
export default async function* skipped(events) {
  const found = [];
  for await (const { type, data } of events) {
    if ((type === "test:pass" || type === "test:fail") && data.skip !== undefined) {
      found.push(`  ${data.name}${typeof data.skip === "string" && data.skip !== "" ? `: ${data.skip}` : ""}`);
    }
  }
  if (found.length === 0) return;
  const required = process.env.PINTLE_REQUIRE_ALL === "1";
  if (required) process.exitCode = 1;
  yield `\n${found.length} skipped${required ? ", which PINTLE_REQUIRE_ALL=1 makes a failure" : ""}:\n${found.join("\n")}\n`;
}
