// Reads logs, away from the page's own thread. In front of this stands the module's script, which
// makes `wasm_bindgen`.
//
// What is asked: {ask: "load" | "read" | "cancel" | "report"}; what is answered: {tell: ...}.
"use strict";

/** Most characters of report lines that are kept, so that no log fills the memory. */
const MOST_KEPT = 64 << 20;
/** Most lines of a report that are kept, twice the most it is read for. */
const MOST_LINES = 8192;
/** Milliseconds between two words on how far it is. */
const PACE = 50;
/** Where a record has its text, in the filter's own order. */
const TEXT_KEYS = ["MESSAGE", "msg", "message", "log", "body"];
/** How packed files begin, and the name that DecompressionStream has for the packing. */
const PACKINGS = [
  { begins: [0x1f, 0x8b], name: "gzip" },
  { begins: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd" },
  { begins: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: "xz" },
  { begins: [0x42, 0x5a, 0x68], name: "bzip2" },
];

let log = emptyLog();

const ANSWERS = { load, read, cancel, report };

onmessage = async ({ data }) => {
  try {
    await ANSWERS[data.ask](data);
  } catch (error) {
    postMessage({ tell: "failed", of: data.ask, run: data.run, text: String(error?.message ?? error) });
  }
};

async function load({ module }) {
  const packed = Uint8Array.from(atob(module), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  await wasm_bindgen({ module_or_path: await new Response(stream).arrayBuffer() });
  postMessage({ tell: "ready" });
}

function emptyLog() {
  return { run: 0, kills: [], reports: new Map(), kept: 0, isCancelled: false };
}

/** Reads a text, or a blob, by the user's own rules too, telling how far it is and what it found. */
async function read({ run, text, blob, rules }) {
  log.isCancelled = true;
  const mine = emptyLog();
  mine.run = run;
  log = mine;
  const progress = { bytes: 0, of: blob?.size, told: performance.now() };
  const reader = new wasm_bindgen.Reader("annotate", rules);
  for await (const chunk of chunksOf(text, blob, progress)) {
    if (mine.isCancelled) break;
    take(mine, reader.push(chunk));
    if (performance.now() - progress.told > PACE) {
      progress.told = performance.now();
      postMessage({ tell: "progress", run, bytes: progress.bytes, of: progress.of });
    }
  }
  take(mine, reader.finish());
  const { lines, skipped } = reader;
  reader.free();
  if (mine !== log) return;
  postMessage({
    tell: "done",
    run,
    lines,
    skipped,
    bytes: progress.bytes,
    isCancelled: mine.isCancelled,
    unfinished: unfinished(mine),
    file: new Blob(mine.kills, { type: "application/x-ndjson" }),
  });
}

/** The bytes of a text or a blob; `progress` counts them. */
async function* chunksOf(text, blob, progress) {
  if (blob === undefined) {
    const bytes = new TextEncoder().encode(text);
    progress.bytes = progress.of = bytes.length;
    yield bytes;
    return;
  }
  const chunks = (await unpacked(blob, progress)).getReader();
  try {
    for (let chunk; !(chunk = await chunks.read()).done; ) yield chunk.value;
  } finally {
    chunks.cancel().catch(() => {});
  }
}

function cancel({ run }) {
  if (log.run === run) log.isCancelled = true;
}

/** The bytes of a blob, unpacked where it is packed; `progress` counts those of the blob itself. */
async function unpacked(blob, progress) {
  const start = new Uint8Array(await blob.slice(0, 6).arrayBuffer());
  const packing = PACKINGS.find(({ begins }) => begins.every((byte, index) => start[index] === byte));
  const counted = blob.stream().pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        progress.bytes += chunk.length;
        controller.enqueue(chunk);
      },
    }),
  );
  if (!packing) return counted;
  let unpacker;
  try {
    unpacker = new DecompressionStream(packing.name);
  } catch {
    throw new Error(`This browser cannot unpack ${packing.name} files. Unpack it first.`);
  }
  return counted.pipeThrough(unpacker);
}

/** Takes in rows of the reader, and tells of the kills among them. */
function take(mine, rows) {
  const found = [];
  for (const [number, json] of split(rows)) {
    const { oom } = JSON.parse(json);
    const line = { number, json };
    keep(mine, oom.id, line, oom.event === "kill");
    if (oom.event !== "kill") continue;
    mine.kills.push(`${json}\n`);
    const { id, at_us, level, group, victim } = oom;
    found.push({ number, json, id, at_us, level, group, pid: victim?.pid, comm: victim?.comm });
  }
  if (found.length > 0) postMessage({ tell: "kills", run: mine.run, kills: found });
}

/** Line numbers and records. */
function* split(rows) {
  let start = 0;
  for (let end; (end = rows.indexOf("\n", start)) >= 0; start = end + 1) {
    const space = rows.indexOf(" ", start);
    yield [Number(rows.slice(start, space)), rows.slice(space + 1, end)];
  }
}

/** Keeps a line with its report; where they are too many, the oldest report's lines go. */
function keep(mine, id, line, isKill) {
  const report = mine.reports.get(id) ?? { lines: [], hasKill: false };
  mine.reports.set(id, report);
  report.lines.push(line);
  report.hasKill ||= isKill;
  mine.kept += line.json.length;
  if (report.lines.length > MOST_LINES) forget(mine, report.lines.splice(0, MOST_LINES / 2));
  for (const [oldest, { lines }] of mine.reports) {
    if (mine.kept <= MOST_KEPT || oldest === id) break;
    forget(mine, lines);
    mine.reports.delete(oldest);
  }
}

function forget(mine, lines) {
  mine.kept -= lines.reduce((sum, { json }) => sum + json.length, 0);
}

/** Reports without a kill: what is known of each, as the filter releases it at the end of a log. */
function unfinished(mine) {
  const found = [];
  for (const [id, { lines, hasKill }] of mine.reports) {
    if (hasKill) continue;
    const filter = new wasm_bindgen.Filter("events");
    for (const { json } of lines) filter.process(originalOf(json), "", undefined);
    const json = filter.release();
    filter.free();
    const events = [...new Set(lines.map(({ json }) => JSON.parse(json).oom.event))];
    found.push({ id, number: lines.at(-1).number, json: json ?? lines.at(-1).json, events });
  }
  return found;
}

/** Everything there is to a kill: the lines of its report, what each says, and the way to its cgroup. */
function report({ run, id, number, paths }) {
  const lines = (log.run === run && log.reports.get(id)?.lines) || [];
  const levels = Object.fromEntries(paths.map((path) => [path, wasm_bindgen.level_of(path)]));
  postMessage({
    tell: "report",
    run,
    number,
    levels,
    lines: lines.map(({ number, json }) => ({ number, text: textOf(json), json: says(json) })),
  });
}

/** What a line says; of a kill, what it says by itself. */
function says(json) {
  const { oom } = JSON.parse(json);
  if (oom.event !== "kill") return json;
  const filter = new wasm_bindgen.Filter("annotate");
  const alone = filter.process(originalOf(json), "", undefined);
  filter.free();
  return alone ?? json;
}

/** A record as it came, as far as the filter looks at it. */
function originalOf(json) {
  return JSON.stringify({ log: textOf(json) });
}

function textOf(json) {
  const record = JSON.parse(json);
  const key = TEXT_KEYS.find((key) => typeof record[key] === "string");
  if (key) return record[key];
  const bytes = TEXT_KEYS.map((key) => record[key]).find(Array.isArray);
  return bytes ? new TextDecoder().decode(Uint8Array.from(bytes)) : json;
}
