// What a person takes away from the page: an explanation as Markdown, records, and both without names.
"use strict";

/** Names are left out of what is copied and downloaded. */
const isRedacted = () => byId("redact").checked;

/** The names in a kill, each with what stands in its place: `process-1`, `cgroup-1`. */
function standIns(kill, names = {}) {
  const { victim, trigger, tasks = [], pod, container, unit, workload, cgroup, memory } = kill;
  const found = new Map();
  const add = (kind, names) => {
    for (const name of names) {
      if (name && !found.has(name)) found.set(name, `${kind}-${[...found.values()].filter((other) => other.startsWith(`${kind}-`)).length + 1}`);
    }
  };
  const cgroups = memory?.cgroups ?? [];
  add("process", [victim, trigger, ...tasks].map((process) => process?.comm));
  add("cgroup", [cgroup?.limit, cgroup?.victim, cgroup?.cpuset, ...cgroups.map(({ path }) => path)].filter((path) => path !== "/"));
  add("pod", [pod?.uid, names.pod]);
  add("namespace", [names.namespace]);
  add("container", [container?.id, names.container, ...cgroups.map(({ container }) => container)]);
  add("unit", [unit]);
  add("owner", [workload?.id, workload?.part]);
  return found;
}

/** A text without those names. A process's name may be any word: it is replaced where it stands in quotes. */
function withoutNames(text, names) {
  const longestFirst = [...names].sort(([a], [b]) => b.length - a.length);
  return longestFirst.reduce((text, [name, standIn]) => {
    if (standIn.startsWith("process-")) return text.replaceAll(`'${name}'`, `'${standIn}'`);
    const parts = standIn.startsWith("container-") ? [name, name.slice(0, 12)] : [name, name.split("/").at(-1)];
    return parts.filter(Boolean).reduce((text, part) => {
      const escaped = part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return text.replace(new RegExp(`(?<!\\w)${escaped}(?!\\w)`, "g"), () => standIn);
    }, text);
  }, text);
}

/** The sentence of a kill; without names, where they are left out. Another program's own words may hold any name. */
function sharedSentence({ summary, reason }, names) {
  if (!isRedacted() || summary === undefined) return summary;
  return withoutNames(reason === undefined ? summary : summary.replace(`: ${reason.replace(/\.$/, "")}`, ""), names);
}

/** The record of a kill as JSON: whole, or what was found alone, without names. */
function sharedRecord(entry) {
  const record = toObject(entry.json);
  if (!isRedacted()) return toJson(record);
  const { summary, reason, ...kill } = record.oom;
  const names = standIns(kill, entry.names);
  const change = (value) => {
    if (typeof value === "string") return names.get(value) ?? value;
    if (Array.isArray(value)) return value.map(change);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
  };
  return toJson({ oom: { ...change(kill), ...(summary && { summary: sharedSentence(record.oom, names) }) } });
}

/** Our own prose without its marks. */
const proseText = (text) => text.replace(/\[\[(?:[^\]|]+\|)?([^\]]+)\]\]/g, "$1");

/** What the card of a kill says, for a chat or a ticket. Text of the log stands in blocks of code alone. */
function markdown(kill, about) {
  const names = standIns(kill, about.names);
  const own = (text) => plainText(isRedacted() ? withoutNames(text, names) : text).replaceAll("`", "'");
  const block = (text) => ["```", own(text), "```"];
  const when = whenOf(kill);
  const [said] = when ? written(when[1], fieldOf(when[0]).unit) : [];
  return [
    `**${isEviction(kill) ? "Eviction" : "OOM kill"}: ${labelOf(kill)}**`,
    ...block([sharedSentence(kill, names) ?? "A part of a report, without its kill.", ...(said ? [said] : []), ...(kill.kernel ? [`kernel ${kill.kernel}`] : [])].join("\n")),
    "**What happens now**", proseText(outcomeOf(kill, about)), "",
    "**What to do**",
    ...fitting(ACTIONS, kill, about).flatMap(({ text, command }) => {
      const line = command?.(kill, about);
      return [`- ${proseText(text)}`, ...(line ? block(line) : [])];
    }), "",
    "**What this log cannot tell**",
    ...fitting(GAPS, kill, about).map(({ text }) => `- ${proseText(text)}`),
  ].join("\n");
}

/** What the button for all kills gives: the worker's file, or the same without names. */
function setDownload(file, kills) {
  const content = isRedacted() ? new Blob(kills.map((kill) => `${sharedRecord(kill)}\n`), { type: file.type }) : file;
  URL.revokeObjectURL(byId("download").href);
  byId("download").href = URL.createObjectURL(content);
}
