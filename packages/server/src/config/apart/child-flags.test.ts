import assert from "node:assert/strict";
import { test } from "node:test";
import { childFlags } from "./child-flags.ts";

test("a process passes its flags on, but for a debugger's and a program's text", () => {
  const kept = ["--enable-source-maps", "--import", "./hook.js"];
  assert.deepEqual(childFlags(kept), kept);
  const dropped = [
    ["-e", "start()"],
    ["--eval", "start()"],
    ["--eval=start()"],
    ["-p", "1"],
    ["-pe", "1"],
    ["--input-type=module", "--eval", "start()"],
    ["--input-type", "module", "-e", "start()"],
    ["--inspect"],
    ["--inspect-brk=9230"],
  ];
  for (const flags of dropped) assert.deepEqual(childFlags([...kept, ...flags]), kept, flags.join(" "));
});
