// The card of one kill: its sentence first; what follows, pictures, figures and lines once it is opened.
"use strict";

/** Most members of a group that are named. */
const MOST_NAMED = 20;

/** Text parts of a kill that are the log's own: set apart in its sentence. */
function idsOf(kill, names) {
  const { victim, pod, container, unit, workload, cgroup } = kill;
  const ids = [names && `${names.namespace}/${names.pod}`, victim?.comm, container?.id?.slice(0, 12), pod?.uid, unit, workload?.id, workload?.part];
  return [...ids, cgroup?.victim, cgroup?.limit].filter(Boolean);
}

/** The sentence of the filter, or of a report without a kill. */
function sentence(kill, names, events = []) {
  const told = UNFINISHED.find(([event]) => events.includes(event));
  if (told) return h("span", {}, told[1]);
  if (!kill.summary) return h("span", {}, "Lines of an OOM report without its kill.");
  return untrustedSentence(kill.summary, idsOf(kill, names));
}

/**
 * A card. `entry`: {number, json, id, pid, comm, group, names}; `siblings`: all kills of the same report; `ask`: gives what the
 * worker knows of it; `events`: what the lines of a report without a kill are.
 */
function killCard(entry, { siblings = [entry], ask, isOpen = false, events }) {
  const { oom: kill } = toObject(entry.json);
  const body = h("div", { class: "body", id: `body-${entry.number}`, hidden: true });
  let isFilled = false;
  const toggle = h("button", {
    type: "button",
    class: "toggle",
    "aria-expanded": "false",
    "aria-controls": body.id,
    click: () => open(toggle.getAttribute("aria-expanded") !== "true"),
  }, sentence(kill, entry.names, events));
  const open = (isToOpen) => {
    toggle.setAttribute("aria-expanded", String(isToOpen));
    body.hidden = !isToOpen;
    if (!isToOpen || isFilled) return;
    isFilled = true;
    body.replaceChildren(h("p", { class: "quiet" }, "Reading its report …"));
    ask(entry, [...nodesOf(kill).keys()]).then(({ lines, levels, isStorm, isPanic, hasEarlier }) => {
      const sources = new Sources(kill, entry.line, lines);
      body.replaceChildren(...details({ kill, entry, siblings, sources, levels, isStorm, isPanic, hasEarlier, events }));
      card.dataset.ready = "true";
    }).catch((error) => {
      body.replaceChildren(h("p", {}, "This page failed to draw the kill. Its record:"), record(entry));
      throw error;
    });
  };
  const card = h("article", { class: "kill", id: `kill-${entry.number}`, "data-level": kindOf(kill) },
    h("h2", {}, toggle),
    h("p", { class: "facts" }, facts(kill, entry, siblings)),
    body);
  if (isOpen) open(true);
  return card;
}

/** What is not there, by how the kill got its place. */
const MISSING = {
  witness: "only another program tells of it",
  table: "this text has no report of this kill",
  none: "this text has no report of this kill",
  constraint: "the line of the kill is missing",
  reaper: "the lines of the kill are missing",
};

/** Kills of the same place before this report. */
function killsBefore({ repeats = 0 }, { number }, siblings) {
  return Math.max(0, repeats - siblings.filter((sibling) => sibling.number < number).length);
}

function facts(kill, entry, siblings) {
  const list = [h("span", { class: `badge level-${kindOf(kill)}` }, labelOf(kill))];
  const say = (...text) => list.push(h("span", {}, ...text));
  if (siblings.length > 1) say(`${siblings.length} processes killed at once`);
  const before = killsBefore(kill, entry, siblings);
  if (before > 0) say(`${plural(before, "kill", "kills")} of the same place before`);
  const { names } = entry;
  if (names) say("pod ", untrusted(`${names.namespace}/${names.pod}`), ...(names.container ? [", container ", untrusted(names.container)] : []));
  const missing = isOthers(kill) ? undefined : MISSING[kill.attribution];
  if (missing) say(missing);
  const when = whenOf(kill);
  if (when) say(figure(undefined, ...when));
  if (kill.kernel) say("kernel ", untrusted(kill.kernel));
  say(`line ${grouped(entry.line)}`, ...(entry.file ? [" of ", untrusted(entry.file)] : []));
  return list;
}

function details({ kill, entry, siblings, sources, levels, isStorm, isPanic, hasEarlier, events = [] }) {
  const isGroup = siblings.length > 1 && siblings.some(({ group }) => group);
  const about = {
    isGroup,
    before: killsBefore(kill, entry, siblings),
    wasTold: sources.lines.some(({ oom }) => oom.event === "invoked"),
    hasTable: sources.tasks().length > 0,
    isStorm,
    isPanic: isPanic || events.includes("panic"),
    foundNobody: events.includes("no_victim"),
    hasEarlier,
    names: entry.names,
  };
  const victims = new Set(siblings.map(({ pid }) => pid).concat(kill.victim?.pid));
  return [
    h("div", { class: "answers" },
      h("section", {},
        h("h3", {}, "What happens now"),
        h("p", {}, ...prose(outcomeOf(kill, about))),
        isGroup ? groupOf(siblings, entry) : undefined,
        trigger(kill, sources),
        confirmation(sources)),
      h("section", {},
        h("h3", {}, "What to do"),
        h("ul", {}, fitting(ACTIONS, kill, about).map(action(kill, about)))),
      h("section", {},
        h("h3", {}, "What this log cannot tell"),
        h("ul", {}, fitting(GAPS, kill, about).map(({ text }) => h("li", {}, ...prose(text)))))),
    h("div", { class: "pictures" },
      ...picturesOf(kill, sources, victims, levels)),
    h("div", { class: "row" }, copyButton("Copy as Markdown", () => markdown(kill, about))),
    lazy("figures", "Every figure, what it means and where it comes from", () => figuresTable(kill, sources)),
    lazy("lines", `${isOthers(kill) ? "The lines that say it" : "The kernel's own lines"} (${grouped(sources.lines.length)})`, () => reportLines(sources)),
    lazy("json", "The record, as JSON", () => record(entry)),
  ];
}

/** What is drawn. Of a kill by another program there is no report: a picture stands where the record has something for it. */
function picturesOf(kill, sources, victims, levels) {
  if (!isOthers(kill)) return [memoryPicture(sources), tasksPicture(sources, victims), treePicture(sources, levels)];
  return [kill.memory && memoryPicture(sources), kill.cgroup && treePicture(sources, levels)];
}

/** Other programs that tell of the same kill. */
function confirmation({ lines }) {
  const told = lines.filter(({ program }) => program !== undefined).slice(0, MOST_NAMED);
  if (told.length === 0) return undefined;
  return h("p", {}, "Other programs tell of it, too: ", ...told.flatMap(({ program, number }, index) => [
    index > 0 ? ", " : "", untrusted(program), " in ", lineButton(number, `line ${grouped(number)}`),
  ]), ".");
}

/** A button that shows a line of the text in the card that it stands in. */
function lineButton(number, text = grouped(number)) {
  return h("button", { type: "button", class: "link", "aria-label": `Line ${number} of the text`,
    click: ({ target }) => { target.after(tip); showLine(number); } }, text);
}

function action(kill, about) {
  return ({ text, command }) => {
    const content = prose(text);
    const line = command?.(kill, about);
    if (!line) return h("li", {}, ...content);
    return h("li", {}, ...content,
      h("div", { class: "command" }, h("code", { tabindex: "0" }, line), copyButton("Copy", () => line)));
  };
}

function groupOf(siblings, entry) {
  const others = siblings.filter(({ number }) => number !== entry.number).slice(0, MOST_NAMED);
  const rest = siblings.length - 1 - others.length;
  return h("p", {}, "Killed together with ", ...others.flatMap(({ pid, comm, number }, index) => [
    index > 0 ? ", " : "",
    h("a", { href: `#kill-${number}` }, untrusted(comm ?? "process"), ` (${pid})`),
  ]), rest > 0 ? ` and ${plural(rest, "other", "others")}` : "", ": ", ...prose("[[memory.oom.group]] is set."));
}

function trigger({ trigger: asked, victim, manual }, sources) {
  if (!asked || manual || asked.comm === undefined) return undefined;
  // A name proves nothing: many processes have the same.
  const isSame = asked.pid !== undefined && asked.pid === victim?.pid;
  return h("p", {}, "It began when ", isSame ? "the same process, " : "",
    figure(sources, "trigger.comm", asked.comm),
    asked.pid === undefined ? "" : ` (${asked.pid})`,
    isSame ? "," : "", " asked for memory and there was none to give.",
    isSame || !victim || asked.pid === undefined ? "" : " The kernel then chose whom to kill, by size and bias: not always the one that asked.");
}

/** Something long, made when it is first opened. */
function lazy(name, title, make) {
  const details = h("details", {
    class: name,
    toggle() {
      if (details.open && details.childElementCount === 1) details.append(make());
    },
  }, h("summary", {}, title));
  return details;
}

function figuresTable(kill, sources) {
  const rest = [...flat(kill)].filter(([path]) => !path.startsWith("task."));
  const bodies = GROUPS.map(([title, pattern]) => {
    const mine = rest.filter(([path]) => pattern.test(path));
    for (const field of mine) rest.splice(rest.indexOf(field), 1);
    if (mine.length === 0) return undefined;
    return h("tbody", {},
      h("tr", {}, h("th", { scope: "rowgroup", colspan: "4", class: "group" }, title)),
      mine.map(([path, value]) => figureRow(path, value, sources)));
  });
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Every figure" },
    h("table", {},
      h("thead", {}, h("tr", {}, ["What", "Value", "What it means", "Line"].map((title) => h("th", { scope: "col" }, title)))),
      bodies));
}

function figureRow(path, value, sources) {
  const field = fieldOf(path);
  const line = sources.line(path, value);
  return h("tr", {},
    h("th", { scope: "row" }, untrusted(field.name)),
    h("td", { class: "value" }, figure(sources, path, value)),
    h("td", {}, field.means),
    h("td", { class: "number" }, line ? lineButton(line.number) : "—"));
}

function reportLines({ lines }) {
  if (lines.length === 0) {
    return h("p", { class: "quiet" }, "They are not kept: this log has too many. Read a part of it to see them.");
  }
  const parts = [...PARTS_OF_REPORT];
  const items = lines.flatMap(({ number, text, oom }) => {
    const item = h("li", { tabindex: "-1", "data-number": number, class: oom.event === "report" ? "quiet" : undefined },
      h("span", { class: "line-number" }, String(number)), " ", untrustedLines(text));
    const part = parts.findIndex(([begins]) => begins(oom, text));
    if (part < 0) return [item];
    const [[, title]] = parts.splice(part, 1);
    return [h("li", { class: "part" }, title), item];
  });
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Lines of the report" },
    h("ul", { class: "text" }, items));
}

function record(entry) {
  const text = toJson(toObject(entry.json));
  return h("div", {},
    copyButton("Copy the record", () => sharedRecord(entry)),
    h("pre", { class: "scroll", tabindex: "0", role: "group", "aria-label": "The record, as JSON" }, untrustedLines(indented(text))));
}

/** JSON, one member to a line: whatever its integers are, they stay as they are written. */
function indented(json) {
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => {
    if (token === "{" || token === "[") return token + (depth++, line());
    if (token === "}" || token === "]") return (depth--, line()) + token;
    if (token === ",") return token + line();
    return token === ":" ? ": " : token;
  });
}
