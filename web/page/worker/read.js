// Reads logs, away from the page's own thread. In front of the files of this folder stands the module's script,
// which makes `wasm_bindgen`.
//
// What is asked: {ask: "load" | "read" | "cancel" | "report"}; what is answered: {tell: ...}.
"use strict";

/** Most characters of report lines that are kept, so that no log fills the memory. */
const MOST_KEPT = 64 << 20;
/** Most lines of a report that are kept, twice the most it is read for. */
const MOST_LINES = 8192;
/** Most lines that look like a kill and could not be read, of those shown. */
const MOST_UNREAD = 20;
/** Most warnings that memory is short, of those shown. */
const MOST_WARNINGS = 20;
/** What ended a process, by the kernel or another program. */
const KILLS = ["kill", "evicted"];
/** Milliseconds between two words on how far it is. */
const PACE = 50;
/** Where a record has its text, in the filter's own order. */
const TEXT_KEYS = ["MESSAGE", "msg", "message", "log", "body"];
/** How what the filter adds begins. */
const OOM_KEY = ',"oom":';
/** Bytes that are read before a message is looked for. */
const SLICE = 256 << 10;
/** Microseconds in which the kernel writes at most so many reports. */
const STORM = { us: 5_000_000, reports: 10 };

let log = emptyLog(0);

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

function emptyLog(run) {
  return {
    run, oom: {}, kills: [], told: [], panics: [], seen: new Set(), twice: 0, reports: new Map(), kept: 0,
    lines: 0, skipped: 0, unread: [], unreadCount: 0, warnings: [], warningCount: 0, notes: [], isCancelled: false,
  };
}

/** Reads files one after the other, by the user's own rules too, telling how far it is and what it found. */
async function read({ run, files, rules }) {
  log.isCancelled = true;
  const mine = emptyLog(run);
  log = mine;
  const of = files.reduce((sum, { blob }) => sum + blob.size, 0);
  const progress = { bytes: 0, of, told: performance.now() };
  for (const file of files) {
    if (mine.isCancelled) break;
    await readFile(mine, file, rules, progress, files.length > 1);
  }
  if (mine !== log) return;
  postMessage({
    tell: "done",
    run,
    lines: mine.lines,
    skipped: mine.skipped,
    bytes: progress.bytes,
    isCancelled: mine.isCancelled,
    unfinished: unfinished(mine),
    unread: mine.unread,
    unreadCount: mine.unreadCount,
    warnings: mine.warnings,
    warningCount: mine.warningCount,
    twice: mine.twice,
    notes: mine.notes,
    file: new Blob(mine.kills, { type: "application/x-ndjson" }),
  });
}

/** Reads one file. What it is instead of a log, or where it is cut, becomes a note. */
async function readFile(mine, { name, blob }, rules, progress, isOneOfSeveral) {
  const reader = new wasm_bindgen.Reader("annotate", rules);
  const file = { name: isOneOfSeveral ? name : undefined, before: mine.lines };
  try {
    for await (const slice of slicesOf(await textOfFile(mine, blob, progress))) {
      take(mine, file, reader.push(slice));
      if (performance.now() - progress.told > PACE) {
        progress.told = performance.now();
        postMessage({ tell: "progress", run: mine.run, bytes: progress.bytes, of: progress.of });
        // So that a word to stop is heard.
        await turn();
      }
      if (mine.isCancelled) break;
    }
  } catch (error) {
    mine.notes.push({ name, text: error.message });
  }
  take(mine, file, reader.finish());
  mine.lines += reader.lines;
  mine.skipped += reader.skipped;
  mine.unreadCount += reader.unread_count;
  for (const [number, text] of split(reader.unread)) {
    if (mine.unread.length < MOST_UNREAD) mine.unread.push({ number, text, file: file.name });
  }
  reader.free();
}

/** The bytes of a file; those of a text that was pasted as the kernel wrote them. */
async function textOfFile(mine, blob, progress) {
  const chunks = await bytesOf(blob, progress);
  if (blob.size > MOST_TIDIED) return chunks;
  const parts = [];
  let size = 0;
  let failure;
  try {
    // By hand: a loop that is left would end the chunks.
    for (let next; !(next = await chunks.next()).done; ) {
      parts.push(next.value);
      size += next.value.length;
      if (size > MOST_TIDIED) return joinedWith(parts, chunks);
    }
  } catch (error) {
    failure = error;
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  const { text, notes } = tidied(new TextDecoder().decode(bytes));
  mine.notes.push(...notes.map((text) => ({ text })));
  // Bytes that are no UTF-8 stay what they are.
  return readThenFail(notes.length > 0 ? new TextEncoder().encode(text) : bytes, failure);
}

/** What could be had of a file, and then why there is no more. */
async function* readThenFail(bytes, failure) {
  yield bytes;
  if (failure) throw failure;
}

async function* joinedWith(parts, chunks) {
  yield* parts;
  yield* chunks;
}

async function* slicesOf(chunks) {
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += SLICE) yield chunk.subarray(start, start + SLICE);
  }
}

/** The next turn of the worker's loop, without a timer's least wait. */
function turn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

function cancel({ run }) {
  if (log.run === run) log.isCancelled = true;
}

/** Takes in rows of the reader, and tells of the kills among them. */
function take(mine, file, rows) {
  const found = [];
  for (const [line, json] of split(rows)) {
    const oom = oomOf(mine, json);
    const number = file.before + line;
    const { id, event, killer, at_us, time_us, level, group, victim, attribution } = oom;
    if (event === "pressure") {
      mine.warningCount += 1;
      if (mine.warnings.length < MOST_WARNINGS) mine.warnings.push({ number: line, text: oom.summary, file: file.name });
      continue;
    }
    const isKill = KILLS.includes(event);
    const pid = victim?.pid;
    keep(mine, id, { number, line, json }, isKill);
    if (event === "panic") mine.panics.push(number);
    if (!isKill) continue;
    const record = JSON.parse(json);
    if (isSeen(mine, sameKill(record))) continue;
    const names = namesOf(record);
    mine.kills.push(`${json}\n`);
    mine.told.push({ number, id, at_us, attribution });
    found.push({
      number, line, file: file.name, json, id, event, killer, at_us, time_us, level, group, pid, comm: victim?.comm,
      place: placeOf(oom, names), names,
    });
  }
  if (found.length > 0) postMessage({ tell: "kills", run: mine.run, kills: found });
}

/**
 * What the filter has added to a record, as the last of its members; no text holds these quotes without backslashes.
 * Most lines of a report have the same.
 */
function oomOf(mine, json) {
  const text = json.slice(json.lastIndexOf(OOM_KEY) + OOM_KEY.length, json.lastIndexOf("}"));
  if (text !== mine.oom.text) mine.oom = { text, value: JSON.parse(text) };
  return mine.oom.value;
}

/**
 * What a kill has in common with itself where it stands in the text for the second time: report, process and the
 * kernel's clock, or the whole record as it came, where that has a date. Without a time nobody knows.
 */
function sameKill({ oom, ...record }) {
  if (oom.at_us !== undefined) return `${oom.id} ${oom.victim?.pid} ${oom.at_us}`;
  if (oom.time_us === undefined) return undefined;
  // Names may be known the second time.
  return JSON.stringify(Object.entries(record).filter(([key]) => !/^(k8s\.|container\.id$)/.test(key)));
}

/** Whether such a kill came before. */
function isSeen(mine, kill) {
  if (kill === undefined) return false;
  const isSeen = mine.seen.has(kill);
  mine.seen.add(kill);
  if (isSeen) mine.twice += 1;
  return isSeen;
}

/**
 * What Kubernetes calls the pod and the container, where the filter itself has written it: behind the pod's own UID, or
 * in its sentence. A record may have come with the names of another pod, that of a log shipper.
 */
function namesOf(record) {
  const [namespace, pod, container] = ["namespace", "pod", "container"].map((what) => record[`k8s.${what}.name`]);
  if (typeof namespace !== "string" || typeof pod !== "string") return undefined;
  const { oom } = record;
  if (oom.event === "evicted") return oom.summary.startsWith(`Pod ${namespace}/${pod} was evicted`) ? { namespace, pod } : undefined;
  const keys = Object.keys(record);
  const isBehind = (name) => keys.indexOf(`k8s.${name}.name`) > keys.indexOf("k8s.pod.uid");
  const isOurs = oom.pod !== undefined && record["k8s.pod.uid"] === oom.pod.uid && isBehind("pod") && isBehind("namespace");
  if (!isOurs) return undefined;
  return { namespace, pod, ...(typeof container === "string" && isBehind("container") && { container }) };
}

/** What kills are sorted by for a person: the pod, else what else owns the cgroup. */
function placeOf({ pod, container, workload, unit, cgroup, level }, names) {
  if (names) return `pod ${names.namespace}/${names.pod}`;
  if (pod?.uid) return `pod ${pod.uid}`;
  if (container?.id) return `container ${container.id.slice(0, 12)}`;
  if (workload?.id) return `${workload.system} ${workload.id}`;
  if (unit) return `unit ${unit}`;
  const path = cgroup?.victim ?? cgroup?.limit;
  if (path) return `cgroup ${path}`;
  return level === "node" ? "the machine" : "not known";
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
  if (mine.kept <= MOST_KEPT) return;
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
    const events = [...new Set(lines.map(({ json }) => JSON.parse(json).oom.event))];
    // Its kill is no longer kept, or stands in a text before this one.
    if (events.every((event) => event === "confirmed")) continue;
    const filter = new wasm_bindgen.Filter("events");
    for (const { json } of lines) filter.process(originalOf(json), "", undefined);
    const json = filter.release();
    filter.free();
    const { number, line } = lines.at(-1);
    found.push({ id, number, line, json: json ?? lines.at(-1).json, events });
  }
  return found;
}

/** Everything there is to a kill: the lines of its report, what each says, the way to its cgroup, what stood around it. */
function report({ run, id, number, paths }) {
  const lines = (log.run === run && log.reports.get(id)?.lines) || [];
  const levels = Object.fromEntries(paths.map((path) => [path, wasm_bindgen.level_of(path)]));
  const next = log.told.find((kill) => kill.number > number)?.number ?? Infinity;
  postMessage({
    tell: "report",
    run,
    number,
    levels,
    isStorm: isStorm(log.told.find((kill) => kill.number === number)) || lines.some(({ json }) => json.includes("callbacks suppressed")),
    isPanic: log.panics.some((panic) => panic > number && panic < next),
    hasEarlier: log.told.some((kill) => kill.number < number),
    lines: lines.map(({ line, json }) => ({ number: line, text: textOf(json), json: says(json), program: programOf(json) })),
  });
}

/** Whether so many reports came just before a kill that the kernel leaves out the next. */
function isStorm(kill) {
  if (kill?.at_us === undefined) return false;
  const before = log.told.filter(({ number, at_us, attribution }) =>
    number < kill.number && attribution === "report" && kill.at_us - STORM.us <= at_us && at_us <= kill.at_us);
  return new Set(before.map(({ id }) => id)).size >= STORM.reports;
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

/** Who wrote a line that tells of a kill of the kernel's. */
function programOf(json) {
  const { oom, SYSLOG_IDENTIFIER, _COMM } = JSON.parse(json);
  if (oom.event !== "confirmed") return undefined;
  return [oom.killer, SYSLOG_IDENTIFIER, _COMM].find((name) => typeof name === "string") ?? "another program";
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
