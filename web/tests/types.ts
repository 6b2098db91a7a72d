// Compiled, never run: the package's types say what its functions take and give.
import { Filter, Reader, init, parse, read, toJson, toObject } from "oom-web";
import type { Integer, Line, Memory, Oom, OomRecord } from "oom-web";
import * as slim from "oom-web/slim";

const log = parse("text");
const kill: Line = log.kills[0];
const oom: Oom = kill.record.oom;
const used: Integer | undefined = oom.memory?.usage_bytes;
const count: number = log.read + log.skipped;
parse(new Uint8Array());
parse(new ArrayBuffer(0), { mode: "events", rules: "" });
parse(new DataView(new ArrayBuffer(0)));
const memory: Memory | undefined = slim.parse("").kills[0].record.oom.memory;
init();
slim.init(new Uint8Array());

const filter = new Filter({ mode: "events", startedAt: new Date() });
const text: string | null = filter.process("{}", { tag: "kern", time: 0 });
const same: { log: string } | ({ log: string } & OomRecord) | null = filter.process({ log: "" });
const released: string[] = filter.end();
filter.free();

const reader = new Reader();
const lines: Line[] = [...reader.push("a"), ...reader.push(new Uint8Array()), ...reader.end()];

async function* stream(chunks: AsyncIterable<Uint8Array>) {
  for await (const { number, json } of read(chunks, { mode: "rewrite" })) yield `${number} ${json}`;
}

// @ts-expect-error: there is no such mode
new Filter({ mode: "all" });
// @ts-expect-error: a number is no log
parse(1);
// @ts-expect-error: what was read is not written
kill.json = "";
// @ts-expect-error: a level that does not exist
oom.level === "cluster";
// @ts-expect-error: a promise is no buffer
parse(Promise.resolve(""));

export { count, lines, memory, released, same, stream, text, used, toJson, toObject };
