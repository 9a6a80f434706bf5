import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Message } from "@pintle/events";
import { Emulator } from "@pintle/kit/testing";
import { Pintle } from "@pintle/sdk";
import { DataPlane } from "../support/data-plane.ts";
import { onEvent, until } from "../support/until.ts";
import { checkEnds, type Role } from "./role.ts";

export interface StoryOptions {
  /** Of the faults. @default 1 */
  readonly seed?: number;
  /** Whether the data plane is killed on the way, and started again. @default false */
  readonly kill?: boolean;
}

interface Scene {
  readonly name: string;
  readonly role: Role;
  readonly emulator: Emulator;
}

/** What the data plane says of a destination. */
interface Status {
  readonly name: string;
  readonly waiting: number;
  readonly counted: boolean;
  readonly filtered: Readonly<Record<string, number>>;
}

/**
 * Sends the same events through a data plane, in a process of its own, to emulated services that
 * fail at random, and checks afterwards that at each of them every event is there once by the key
 * that the service knows repeats by, or is a dead letter with its reason, or is filtered; that no
 * event has overtaken an earlier one of its user; and that what the shop has taken is the same
 * there.
 */
export async function tellStory(
  roles: Readonly<Record<string, Role>>,
  messages: readonly Message[],
  { seed = 1, kill = false }: StoryOptions = {},
): Promise<void> {
  const scenes: Scene[] = [];
  try {
    for (const [name, role] of Object.entries(roles)) {
      const options = { seed: seed + scenes.length, faults: role.faults ?? {} };
      scenes.push({ name, role, emulator: await Emulator.listen(role.vendor, options) });
    }
    await play(scenes, messages, { seed, kill });
  } finally {
    await Promise.all(scenes.map(({ emulator }) => emulator[Symbol.asyncDispose]()));
  }
}

async function play(
  scenes: readonly Scene[],
  messages: readonly Message[],
  { seed, kill }: Required<StoryOptions>,
): Promise<void> {
  await using plane = await DataPlane.start({ files: new Map([["pintle.config.ts", configOf(scenes)]]) });
  const client = new Pintle("wk_story", plane.url, { strict: true });
  const half = Math.floor(messages.length / 2);
  for (const [index, message] of messages.entries()) {
    if (kill && index === half) {
      await client.flush();
      await plane.kill();
      await plane.restart();
    }
    await client.ready();
    client.enqueue(message);
  }
  await client.close({ timeout: 120_000 });
  const statuses = await ended(plane, scenes);
  for (const scene of scenes) {
    const status = statuses.find(({ name }) => name === scene.name);
    try {
      assert.ok(scene.emulator.faults.size > 0, "nothing has failed");
      checkEnds(scene.role, messages, {
        kept: scene.emulator.kept,
        letters: await lettersOf(plane, scene.name),
        // Counts start anew with the process.
        filtered: kill ? undefined : Object.values(status!.filtered).reduce((sum, each) => sum + each, 0),
      });
    } catch (error) {
      throw new Error(`${scene.name}, seed ${seed}: ${(error as Error).message}\n${plane.output}`, { cause: error });
    }
  }
}

function configOf(scenes: readonly Scene[]): string {
  const lines = ['import { defineConfig } from "pintle";'];
  const blocks = scenes.map(({ name, role, emulator }, index) => {
    const { type, ...settings } = role.destination(emulator.url);
    const isModule = String(type).startsWith("file:");
    if (isModule) lines.push(`import type${index} from ${JSON.stringify(new URL(String(type)).pathname)};`);
    const text = JSON.stringify(settings).slice(1, -1);
    return `${JSON.stringify(name)}: { type: ${isModule ? `type${index}` : JSON.stringify(type)}, ${text} }`;
  });
  const names = JSON.stringify(scenes.map(({ name }) => name));
  lines.push(
    `export default defineConfig({ sources: [{ name: "shop", writeKey: "wk_story", destinations: ${names} }],`,
  );
  lines.push(`destinations: { ${blocks.join(",\n")} } } as never);`);
  return lines.join("\n");
}

/** Waits until nothing waits any more, and gives what the data plane says then. */
function ended(plane: DataPlane, scenes: readonly Scene[]): Promise<readonly Status[]> {
  let last: readonly Status[] = [];
  return until(
    "every event to have come to its end",
    async () => {
      last = ((await admin(plane, "/status")) as { destinations: Status[] }).destinations;
      return last.every(({ waiting, counted }) => waiting === 0 && counted) && last;
    },
    {
      hints: scenes.map(({ emulator }) => onEvent(emulator, "request")),
      deadline: 240_000,
      state: () => `${JSON.stringify(last)}\n${plane.output}`,
    },
  );
}

async function admin(plane: DataPlane, path: string): Promise<unknown> {
  const token = (await readFile(`${plane.data}/admin-token`, "utf8")).trim();
  const answer = await fetch(`${plane.adminUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, path);
  return answer.json();
}

/** The reasons of dead letters, by `messageId`. */
async function lettersOf(plane: DataPlane, name: string): Promise<ReadonlyMap<string, string>> {
  const { destinations } = (await admin(plane, `/dead?destination=${name}&limit=1000`)) as {
    destinations: { letters: { messageId: string; reason: string }[] }[];
  };
  const letters = destinations.flatMap((each) => each.letters);
  return new Map(letters.map(({ messageId, reason }) => [messageId, reason]));
}
