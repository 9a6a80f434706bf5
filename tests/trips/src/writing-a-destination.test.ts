/** docs/writing-a-destination.md, walked through: its files, in a folder with nothing else. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Pintle } from "@pintle/sdk";
import { DataPlane, pintleCommand } from "./support/data-plane.ts";
import { readPage } from "./support/docs-sample.ts";
import { Program, runProgram } from "./support/program.ts";
import { type TempFolder, tempFolder } from "./support/temp-folder.ts";
import { onEvent, until } from "./support/until.ts";

const block = /^<!-- file: (?<name>[\w.-]+) -->\n```\w+\n(?<content>[\s\S]*?)^```$/gm;

async function filesOfThePage(): Promise<ReadonlyMap<string, string>> {
  const page = await readPage("writing-a-destination.md");
  return new Map([...page.matchAll(block)].map(({ groups }) => [groups?.name ?? "", groups?.content ?? ""]));
}

describe("docs/writing-a-destination.md", () => {
  let files: ReadonlyMap<string, string>;
  let folder: TempFolder;

  before(async () => {
    files = await filesOfThePage();
    folder = await tempFolder("own-destination");
    for (const [name, content] of files) await writeFile(join(folder.path, name), content);
  });
  after(() => folder?.remove());

  test("has the files that it speaks of", () => {
    assert.deepEqual(
      [...files.keys()],
      ["chat.ts", "chat.cases.json", "pintle.config.ts", "rooms.ts", "rooms.cases.json"],
    );
  });

  test("its code compiles in a strict project", async () => {
    const project = fileURLToPath(new URL(`../dist/own-destination-${process.pid}`, import.meta.url));
    const compiler = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));
    try {
      await mkdir(project, { recursive: true });
      for (const [name, content] of files) if (name.endsWith(".ts")) await writeFile(join(project, name), content);
      const compilerOptions = {
        target: "es2023",
        module: "nodenext",
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        allowImportingTsExtensions: true,
        noEmit: true,
      };
      await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
      await assert.doesNotReject(promisify(execFile)(process.execPath, [compiler, "-p", project]));
    } finally {
      await rm(project, { recursive: true, force: true });
    }
  });

  for (const [table, count] of [
    ["chat.cases.json", "4 cases"],
    ["rooms.cases.json", "1 case"],
  ] as const) {
    test(`the cases of ${table} hold`, async () => {
      const words = ["destination", "test", table];
      const output = await runProgram(process.execPath, [pintleCommand, ...words], { cwd: folder.path });
      assert.match(output, new RegExp(`^${count}, all hold$`, "m"));
    });
  }

  test("check sends a test event, and shows what comes of it without the secret", async () => {
    const env = { WRITE_KEY: "wk_shop", CHAT_URL: "http://127.0.0.1:9/in/very-secret" };
    await writeFile(join(folder.path, "order.json"), '{"type": "track", "userId": "42", "event": "Order Completed"}');
    const words = ["check", "--send", "--event", "order.json"];
    await using program = new Program(process.execPath, [pintleCommand, ...words], { cwd: folder.path, env });
    const { code } = await program.ended;
    assert.equal(code, 1);
    assert.match(program.output, /^team \(chat\)\n {2}refused, .*the order has no revenue/m);
    assert.doesNotMatch(program.output, /very-secret/);
  });

  test("the room hears of orders, and of nothing else", async () => {
    const told: string[] = [];
    const room = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      // It is busy at first.
      const isFirst = told.push((JSON.parse(body) as { text: string }).text) === 1;
      response.writeHead(isFirst ? 503 : 200, isFirst ? { "retry-after": "0" } : {}).end();
      room.emit("told");
    });
    room.listen(0, "127.0.0.1");
    await once(room, "listening");
    const url = `http://127.0.0.1:${(room.address() as AddressInfo).port}/in/very-secret`;
    try {
      await using plane = await DataPlane.start(
        { files: new Map([...files].filter(([name]) => /^(chat|pintle\.config)\.ts$/.test(name))) },
        { WRITE_KEY: "wk_shop", CHAT_URL: url },
      );
      const client = new Pintle("wk_shop", plane.url);
      client.track({ userId: "ada", event: "Order Completed", properties: { revenue: 25.5 } });
      client.track({ userId: "ada", event: "Page Viewed" });
      client.track({ userId: "bob", event: "Order Completed" });
      client.track({ userId: "bob", event: "Order Completed", properties: { revenue: 3 } });
      await client.close();
      await until("the room to hear of both orders", () => new Set(told).size === 2 && told.length === 3, {
        hints: [onEvent(room, "told")],
        state: () => `${told.join("\n")}\n${plane.output}`,
      });
      assert.deepEqual([...new Set(told)].sort(), ["ada has ordered for 25.50 EUR", "bob has ordered for 3.00 EUR"]);

      const code = files.get("chat.ts")!.replace("has ordered for", "has paid");
      await writeFile(plane.path("chat.ts"), code);
      process.kill(plane.pid, "SIGHUP");
      await until("the data plane to run the new code", () => /the new configuration is in use/.test(plane.output), {
        state: () => plane.output,
      });
      const later = new Pintle("wk_shop", plane.url);
      later.track({ userId: "cyd", event: "Order Completed", properties: { revenue: 7 } });
      await later.close();
      await until("the room to hear of it in new words", () => told.includes("cyd has paid 7.00 EUR"), {
        hints: [onEvent(room, "told")],
        state: () => `${told.join("\n")}\n${plane.output}`,
      });
      assert.deepEqual(await plane.stop(), { code: 0, signal: null });
      assert.doesNotMatch(plane.output, /very-secret|wk_shop/);
    } finally {
      room.closeAllConnections();
      room.close();
    }
  });
});
