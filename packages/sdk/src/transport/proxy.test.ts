import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseProxy, proxyFromEnvironment } from "./proxy.ts";

const plain = new URL("http://data.example.com/v1/batch");
const secure = new URL("https://data.example.com/v1/batch");

function chosen(url: URL | string, variables: Readonly<Record<string, string | undefined>>): string | undefined {
  return proxyFromEnvironment(new URL(url), (name) => variables[name])?.href;
}

test("each scheme has its own variable, in capitals or not, and capitals go first", () => {
  const both = { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "https://b:2" };
  assert.equal(chosen(plain, both), "http://a:1/");
  assert.equal(chosen(secure, both), "https://b:2/");
  assert.equal(chosen(secure, { HTTP_PROXY: "http://a:1" }), undefined);
  assert.equal(chosen(secure, { https_proxy: "http://a:1" }), "http://a:1/");
  assert.equal(chosen(secure, { HTTPS_PROXY: "http://a:1", https_proxy: "http://b:2" }), "http://a:1/");
  assert.equal(chosen(secure, { HTTPS_PROXY: "", https_proxy: "http://b:2" }), "http://b:2/");
  assert.equal(chosen(secure, { HTTPS_PROXY: "proxy.example.com:3128" }), "http://proxy.example.com:3128/");
  assert.equal(chosen(secure, { HTTPS_PROXY: "user:p%40ss@proxy:3128" }), "http://user:p%40ss@proxy:3128/");
  assert.equal(chosen(secure, {}), undefined);
});

test("a header of a visitor's is not taken for a proxy", () => {
  const variables = { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://b:2", REQUEST_METHOD: "GET" };
  assert.equal(chosen(plain, variables), undefined);
  assert.equal(chosen(secure, variables), "http://b:2/");
});

test("what is no proxy is said, without what may be its password", () => {
  for (const value of ["socks5://user:hunter2@proxy:1080", "http://", "http://user:hunter2@ho st", "ftp://proxy"]) {
    assert.throws(
      () => chosen(secure, { HTTPS_PROXY: value }),
      (error: Error) =>
        error.message.startsWith("HTTPS_PROXY in the environment") && !error.message.includes("hunter2"),
      value,
    );
  }
});

test("NO_PROXY: names, names below, addresses, ranges, ports, all", () => {
  const cases: readonly (readonly [url: string, noProxy: string, isDirect: boolean])[] = [
    ["http://data.example.com", "example.com", true],
    ["http://example.com", "example.com", true],
    ["http://notexample.com", "example.com", false],
    ["http://data.example.com", ".example.com", true],
    ["http://example.com", ".example.com", false],
    ["http://data.example.com", "*.example.com", true],
    ["http://example.com", "*.example.com", false],
    ["http://DATA.example.com", "Data.Example.COM", true],
    ["http://data.example.com.", "data.example.com", true],
    ["http://data.example.com", " other.com , data.example.com ", true],
    ["http://data.example.com", "other.com", false],
    ["http://data.example.com", "*", true],
    ["http://data.example.com", "data.example.com:80", true],
    ["http://data.example.com", "data.example.com:443", false],
    ["https://data.example.com", "data.example.com:443", true],
    ["http://data.example.com:8080", "data.example.com:8080", true],
    ["http://data.example.com", ":80", false],
    ["http://data.example.com", ",,", false],
    ["http://10.1.2.3", "10.1.2.3", true],
    ["http://10.1.2.3:81", "10.1.2.3:81", true],
    ["http://10.1.2.3:82", "10.1.2.3:81", false],
    ["http://10.1.2.3", "10.0.0.0/8", true],
    ["http://11.1.2.3", "10.0.0.0/8", false],
    ["http://11.1.2.3", "0.0.0.0/0", true],
    ["http://[2001:db8::1]", "0.0.0.0/0", false],
    ["http://10.1.2.3", "10.1.2.4/31", false],
    ["http://10.1.2.5", "10.1.2.4/31", true],
    ["http://10.1.2.3", "10.0.0.0/99", false],
    ["http://[2001:db8::1]", "2001:db8::/32", true],
    ["http://[2001:db9::1]", "2001:db8::/32", false],
    ["http://[2001:db8::1]", "2001:DB8:0:0::1", true],
    ["http://[2001:db8::1]:81", "[2001:db8::1]:81", true],
    ["http://[2001:db8::1]:82", "[2001:db8::1]:81", false],
    ["http://[::ffff:10.1.2.3]", "10.0.0.0/8", true],
    ["http://localhost:8080", "", true],
    ["http://127.0.0.1:8080", "", true],
    ["http://127.5.6.7", "", true],
    ["http://[::1]", "", true],
    ["http://local.example.com", "", false],
  ];
  for (const [url, noProxy, isDirect] of cases) {
    const variables = { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://a:1", NO_PROXY: noProxy };
    assert.equal(chosen(url, variables) === undefined, isDirect, `${url} with ${noProxy}`);
    assert.equal(chosen(url, { ...variables, NO_PROXY: undefined, no_proxy: noProxy }) === undefined, isDirect);
  }
});

test("whatever stands in NO_PROXY, nothing is thrown, and a host that is listed is reached directly", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.webUrl(), (noProxy, url) => {
      chosen(url, { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://a:1", NO_PROXY: noProxy });
      const { hostname } = new URL(url);
      assert.equal(
        chosen(url, { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://a:1", NO_PROXY: `x,${hostname}` }),
        undefined,
      );
    }),
  );
});

test("every address lies in the ranges that are made of it, and its neighbour's neighbour does not in the narrow ones", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, prefix) => {
      const env = { HTTP_PROXY: "http://a:1", NO_PROXY: `${address}/${prefix}` };
      assert.equal(chosen(`http://${address}`, env), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), fc.integer({ min: 96, max: 128 }), (address, prefix) => {
      const env = { HTTP_PROXY: "http://a:1", NO_PROXY: `${address}/${prefix}` };
      assert.equal(chosen(`http://[${address}]`, env), undefined, address);
    }),
  );
});

test("a proxy is given as a URL, or as its host and port", () => {
  assert.equal(parseProxy("proxy:3128")?.href, "http://proxy:3128/");
  assert.equal(parseProxy("10.0.0.1:3128")?.href, "http://10.0.0.1:3128/");
  assert.equal(parseProxy("[::1]:3128")?.href, "http://[::1]:3128/");
  assert.equal(parseProxy("https://proxy")?.href, "https://proxy/");
  for (const text of ["", "socks5://proxy:1", "http://proxy/path", "http://proxy?a"])
    assert.equal(parseProxy(text), undefined);
});
