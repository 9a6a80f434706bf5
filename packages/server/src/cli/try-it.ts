/** How to send a first event: by curl, and from code. */
export function tryIt({ url, writeKey }: { readonly url: string; readonly writeKey: string }): string {
  return [
    "Send an event:",
    `  curl ${url}/v1/track -u ${writeKey}: -d '{"userId":"123","event":"Signed Up"}'`,
    "",
    "From your code (npm install @pintle/sdk):",
    '  import { Pintle } from "@pintle/sdk";',
    `  const client = new Pintle("${writeKey}", "${url}");`,
    '  client.track({ userId: "123", event: "Signed Up" });',
  ].join("\n");
}
