/**
 * The headers that tell RudderStack's proxy which of how many nodes a request is for, as the Go SDK
 * sends them.
 */
export function nodeHeaders(node: number, nodes: number): Record<string, string> {
  return { "RS-targetNode": String(node), "RS-nodeCount": String(nodes), "RS-userAgent": "serverSDK" };
}
