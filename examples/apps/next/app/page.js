// A server component: it knows the headers of the request alone.
import { headersContext } from "@pintle/sdk/next";
import { headers } from "next/headers";
import { after } from "next/server";
import { client } from "../client.mjs";

export default async function Page() {
  const context = headersContext(await headers());
  client.withContext(context, () => client.page({ anonymousId: "visitor", name: "Shop" }));
  after(() => client.flush());
  return <h1>Shop</h1>;
}
