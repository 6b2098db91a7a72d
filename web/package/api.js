// What users call. The module knows what an OOM kill is; nothing here does.
import { Filter as Records, Reader as Lines } from "./oom.js";
import { toJson, toObject } from "./json.js";

export { toJson, toObject };

const encoder = new TextEncoder();

/** Records in, records out. */
export class Filter {
  #records;

  constructor({ mode = "annotate", startedAt, rules } = {}) {
    this.#records = new Records(mode, milliseconds(startedAt), rules);
  }

  process(record, { tag = "", time } = {}) {
    const isText = typeof record === "string";
    const json = isText ? record : toJson(record);
    const answer = this.#records.process(json, tag, milliseconds(time));
    if (answer === undefined) return record;
    return isText || answer === null ? answer : toObject(answer);
  }

  end() {
    const released = [];
    for (let record; (record = this.#records.release()) !== undefined; ) released.push(record);
    return released;
  }

  free() {
    this.#records.free();
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
}

/** The bytes of a log in, the lines of OOM reports out. */
export class Reader {
  #lines;

  constructor({ mode = "annotate", rules } = {}) {
    this.#lines = new Lines(mode, rules);
  }

  push(chunk) {
    return rows(this.#lines.push(typeof chunk === "string" ? encoder.encode(chunk) : chunk));
  }

  end() {
    return rows(this.#lines.finish());
  }

  get lines() {
    return this.#lines.lines;
  }

  get skipped() {
    return this.#lines.skipped;
  }

  free() {
    this.#lines.free();
  }
}

/** Reads chunks as they come: a file, a socket, the output of a program. */
export async function* read(chunks, options) {
  const reader = new Reader(options);
  try {
    for await (const chunk of chunks) yield* reader.push(chunk);
    yield* reader.end();
  } finally {
    reader.free();
  }
}

/** Reads a whole log. */
export function parse(log) {
  const reader = new Reader();
  try {
    const lines = [...reader.push(log), ...reader.end()];
    const kills = lines.filter((line) => line.record.oom.event === "kill");
    return { kills, lines, read: reader.lines, skipped: reader.skipped };
  } finally {
    reader.free();
  }
}

function rows(text) {
  const rows = text.split("\n");
  rows.pop();
  return rows.map((row) => {
    const space = row.indexOf(" ");
    return new Line(Number(row.slice(0, space)), row.slice(space + 1));
  });
}

/** A Date, or a number of milliseconds since 1970. */
function milliseconds(time) {
  return time === undefined ? undefined : Number(time);
}
