import { createReadStream, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The lines of the file destination, by number; files that are counted are removed. */
export class Lines {
  #folder;
  #times = new Uint8Array(1 << 20);

  constructor(path) {
    this.#folder = path;
  }

  async takeClosed() {
    await this.#take((name) => name !== "events.jsonl");
  }

  async takeAll() {
    await this.#take(() => true);
  }

  async #take(isMeant) {
    if (!existsSync(this.#folder)) return;
    // Beside its files lies the folder of the destination's lock.
    const files = readdirSync(this.#folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    for (const { name } of files.filter((entry) => isMeant(entry.name))) {
      const path = join(this.#folder, name);
      for await (const line of createInterface(createReadStream(path))) {
        const number = Number(/"messageId":"soak-(\d+)"/.exec(line)[1]);
        if (number >= this.#times.length) {
          const larger = new Uint8Array(Math.max(this.#times.length * 2, number + 1));
          larger.set(this.#times);
          this.#times = larger;
        }
        this.#times[number] = Math.min(this.#times[number] + 1, 255);
      }
      rmSync(path);
    }
  }

  counted(sent) {
    const counts = { lost: 0, repeated: 0, again: 0 };
    for (let number = 0; number < sent; number++) {
      const times = this.#times[number] ?? 0;
      if (times === 0) counts.lost++;
      else if (times > 1) counts.repeated++;
    }
    return counts;
  }
}
