// What users call. The module knows what an OOM kill is; nothing here does.
import { booleanOf, bytesOf, modeOf, optionsOf, stringOf, timeOf, wrong } from "./arguments.js";
import { engine, init } from "./engine.js";
import { toJson, toObject } from "./json.js";
import { Utf8 } from "./text.js";

export { init, toJson, toObject };

const PIECE = "a string, a buffer or a view of one";
/** By this name Node, Deno and Bun ask an object how it is to be shown. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Records in, records out. */
export class Filter {
  #records;

  constructor(options) {
    const { mode, startedAt, rules, unproven } = optionsOf(options, "options");
    const more = [stringOf(rules, "rules"), booleanOf(unproven, "unproven")];
    const given = [modeOf(mode), timeOf(startedAt, "startedAt"), ...more];
    this.#records = new (engine().Filter)(...given);
  }

  process(record, arrival) {
    const { tag, time } = optionsOf(arrival, "arrival");
    const given = [stringOf(tag, "tag") ?? "", timeOf(time, "time")];
    const isText = typeof record === "string";
    if (!isText && (record === null || typeof record !== "object")) {
      throw wrong("record", "a string or an object", record);
    }
    const records = alive(this.#records, "Filter");
    const answer = records.process(isText ? record : toJson(record), ...given);
    if (answer === undefined) return record;
    return isText || answer === null ? answer : toObject(answer);
  }

  end() {
    const records = alive(this.#records, "Filter");
    const released = [];
    for (let record; (record = records.release()) !== undefined; ) released.push(record);
    return released;
  }

  free() {
    this.#records?.free();
    this.#records = undefined;
  }
}

/** A line of a report, or the kill that one tells of. */
class Line {
  constructor(number, json) {
    this.number = number;
    this.json = json;
  }

  get record() {
    return toObject(this.json);
  }

  [INSPECT](depth, options, inspect) {
    const { number, record } = this;
    return inspect === undefined ? { number, record } : `Line ${inspect({ number, record }, { ...options, depth: null })}`;
  }
}

/** The bytes of a log in, the lines of OOM reports out. */
export class Reader {
  #lines;
  #utf8 = new Utf8();

  constructor(options) {
    const { mode, rules, unproven } = optionsOf(options, "options");
    const given = [modeOf(mode), stringOf(rules, "rules"), booleanOf(unproven, "unproven")];
    this.#lines = new (engine().Reader)(...given);
  }

  push(chunk) {
    const lines = alive(this.#lines, "Reader");
    if (typeof chunk === "string") return rows(lines.push(this.#utf8.text(chunk)));
    const bytes = bytesOf(chunk);
    if (bytes === null) throw wrong("chunk", PIECE, chunk);
    return rows(lines.push(this.#utf8.bytes(bytes)));
  }

  end() {
    const lines = alive(this.#lines, "Reader");
    return rows(lines.push(this.#utf8.end()) + lines.finish());
  }

  get lines() {
    return alive(this.#lines, "Reader").lines;
  }

  get skipped() {
    return alive(this.#lines, "Reader").skipped;
  }

  free() {
    this.#lines?.free();
    this.#lines = undefined;
  }
}

// `using` of JavaScript, where the engine has it.
for (const { prototype } of [Filter, Reader]) {
  if (Symbol.dispose !== undefined) prototype[Symbol.dispose] = prototype.free;
}

/** Reads chunks as they come: a file, a socket, the output of a program. */
export function read(chunks, options) {
  const isStream = typeof chunks === "object" && chunks !== null && !isWhole(chunks);
  if (!isStream || !(Symbol.asyncIterator in chunks || Symbol.iterator in chunks)) {
    throw wrong("chunks", "an iterable of strings or buffers", chunks);
  }
  return readWith(new Reader(options), chunks);
}

async function* readWith(reader, chunks) {
  try {
    for await (const chunk of chunks) yield* reader.push(chunk);
    yield* reader.end();
  } finally {
    reader.free();
  }
}

/** Reads a whole log. */
export function parse(log, options) {
  if (!isWhole(log)) throw wrong("log", PIECE, log);
  const reader = new Reader(options);
  try {
    const lines = [...reader.push(log), ...reader.end()];
    const kills = lines.filter((line) => line.record.oom.event === "kill");
    return { kills, lines, read: reader.lines, skipped: reader.skipped };
  } finally {
    reader.free();
  }
}

/** Whether it is all of a log, not pieces of one. */
function isWhole(log) {
  return typeof log === "string" || bytesOf(log) !== null;
}

/** What the module holds of an object that was not freed. */
function alive(held, name) {
  if (held === undefined) throw new Error(`this ${name} was freed`);
  return held;
}

function rows(text) {
  const rows = text.split("\n");
  rows.pop();
  return rows.map((row) => {
    const space = row.indexOf(" ");
    return new Line(Number(row.slice(0, space)), row.slice(space + 1));
  });
}
