import { plainNameEnd, skipColon, skipSpace, stringEnd, valueEnd } from "../json-bytes.ts";
import { memberAt, memberCount, memberNamed, other } from "./members.ts";

/** Stands in place of a position: what is there is not read here. */
const failed = -1;
const quote = 0x22;
const comma = 0x2c;
const closeBrace = 0x7d;
/** Numbers that are kept of a member. */
const perMember = 4;

/**
 * The members of one event that somebody asks for, found by one look at each of its bytes, in their
 * order. Used again for the next event.
 */
export class MemberScan {
  /** How many were found. */
  count = 0;
  /** Whether the event has any member at all. */
  hasMembers = false;
  /** The latest position of each member, by its number, -1 for none: the last one counts. */
  readonly last: Int32Array = new Int32Array(memberCount);
  /** Number of the member, where its name, its value begins, and where that ends. */
  #found: Int32Array = new Int32Array(32 * perMember);

  /**
   * Reads the event whose `{` stands before `from`, nested at most `levels` deep. Gives the place
   * behind its `}`, or -1 where it is not well-formed.
   */
  read(bytes: Buffer, from: number, levels: number): number {
    this.count = 0;
    this.last.fill(-1);
    let at = skipSpace(bytes, from);
    this.hasMembers = bytes[at] !== closeBrace;
    if (!this.hasMembers) return at + 1;
    for (;;) {
      if (bytes[at] !== quote) return failed;
      const name = at;
      let number: number;
      let nameEnd = plainNameEnd(bytes, at);
      if (nameEnd === failed) {
        nameEnd = stringEnd(bytes, at + 1);
        if (nameEnd === failed) return failed;
        number = escapedMember(bytes, name, nameEnd);
      } else {
        number = memberAt(bytes, name + 1, nameEnd);
        nameEnd++;
      }
      at = skipColon(bytes, nameEnd);
      if (at === failed) return failed;
      const end = valueEnd(bytes, at, levels - 1);
      if (end === failed) return failed;
      if (number !== other) this.#add(number, name, at, end);
      at = skipSpace(bytes, end);
      if (bytes[at] === closeBrace) return at + 1;
      if (bytes[at] !== comma) return failed;
      at = skipSpace(bytes, at + 1);
    }
  }

  /** Number of the member that was found at a place. */
  numberAt(place: number): number {
    return this.#found[place * perMember]!;
  }

  nameAt(place: number): number {
    return this.#found[place * perMember + 1]!;
  }

  valueAt(place: number): number {
    return this.#found[place * perMember + 2]!;
  }

  endAt(place: number): number {
    return this.#found[place * perMember + 3]!;
  }

  #add(number: number, name: number, value: number, end: number): void {
    if ((this.count + 1) * perMember > this.#found.length) {
      const larger = new Int32Array(2 * this.#found.length);
      larger.set(this.#found);
      this.#found = larger;
    }
    const found = this.#found;
    const at = this.count * perMember;
    found[at] = number;
    found[at + 1] = name;
    found[at + 2] = value;
    found[at + 3] = end;
    this.last[number] = this.count++;
  }
}

/**
 * The number of a name with an escape. It is parsed as a text: V8 13.6 mistakes such names where
 * they are keys.
 */
function escapedMember(bytes: Buffer, from: number, end: number): number {
  return memberNamed(JSON.parse(bytes.toString("utf8", from, end)) as string);
}
