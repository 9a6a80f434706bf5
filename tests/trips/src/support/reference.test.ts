import assert from "node:assert/strict";
import { test } from "node:test";
import { examplesIn, namesWithoutExample, type Reference } from "./reference.ts";

const kinds = { function: 64, class: 128, interface: 256, method: 2048, reference: 4_194_304 };

let lastId = 0;

function named(kind: keyof typeof kinds, name: string, code?: string, more: object = {}) {
  const content = [{ kind: "code", text: `\`\`\`ts\n${code}\n\`\`\`` }];
  const blockTags = code === undefined ? [] : [{ tag: "@example", content }];
  return { id: ++lastId, name, kind: kinds[kind], comment: { summary: [], blockTags }, ...more };
}

function linking(name: string, target: number) {
  return named("interface", name, undefined, { comment: { summary: [{ kind: "inline-tag", text: "", target }] } });
}

function reference(...children: ReturnType<typeof named>[]): Reference {
  return { children: [named("interface", "@pintle/sdk", undefined, { children })] };
}

test("a function and a class need an example of their own, even where another's names them", () => {
  const names = reference(
    named("function", "open", "open(new Door());"),
    named("class", "Door"),
    named("function", "shut"),
  );
  assert.deepEqual(namesWithoutExample(names), ["sdk.Door", "sdk.shut"]);
});

test("a method has to be called in an example of its class, unless it is inherited from a public name", () => {
  const knock = named("method", "knock");
  const ring = named("method", "ring", "door.ring();");
  const door = named("class", "Door", "new Door();", { children: [knock, ring] });
  const inherited = named("method", "knock", undefined, { inheritedFrom: { target: knock.id } });
  const gate = named("class", "Gate", "new Gate();", { children: [inherited] });
  const other = named("function", "open", "door.knock();");
  assert.deepEqual(namesWithoutExample(reference(door, gate, other)), ["sdk.Door.knock"]);
});

test("a type has to be named in an example, or to link to what has one", () => {
  const flush = named("method", "flush", "client.flush();");
  const client = named("class", "Client", "const options: Options = {};", { children: [flush] });
  const shown = [named("interface", "Options"), linking("Result", flush.id), linking("Clients", client.id)];
  const bare = named("interface", "Option");
  const names = reference(client, ...shown, bare, linking("Linking", bare.id), named("reference", "default"));
  assert.deepEqual(namesWithoutExample(names), ["sdk.Option", "sdk.Linking"]);
});

test("an example that is inherited is there once", () => {
  const flush = () => named("method", "flush", "client.flush();");
  const names = reference(
    named("class", "Client", undefined, { children: [flush()] }),
    named("class", "TestClient", "new TestClient();", { children: [flush()] }),
  );
  assert.deepEqual(examplesIn(names), [
    { name: "sdk.Client.flush", code: "client.flush();\n" },
    { name: "sdk.TestClient", code: "new TestClient();\n" },
  ]);
});
