// The page: a log comes in, cards of its kills come out.
"use strict";

/** Cards made at once. */
const AT_ONCE = 20;
/** Longer pasted text is not put into the text box, which no browser does quickly. */
const MOST_PASTED = 1 << 18;

/** Names of the examples, in order, with what they show. */
const EXAMPLE_NAMES = {
  container: "A container's limit",
  node: "A whole machine",
  group: "A whole group",
  storm: "Many in a row",
};

const byId = (id) => document.getElementById(id);
const worker = startWorker();
/** Requests for the lines of a report that are under way, by the number of the kill's line. */
const asked = new Map();
let run = 0;
let kills = [];
/** The place whose kills are listed; all where it is empty. */
let chosenPlace = "";
/** All kills as a file. */
let found = new Blob([]);
let shown = 0;
/** How many kills there were when the list was begun. */
let listed = 0;

function startWorker() {
  const url = URL.createObjectURL(new Blob([ENGINE.worker], { type: "text/javascript" }));
  // The only script that is made at run time: the policy names it, and lets no other be made.
  const policy = self.trustedTypes?.createPolicy("oom-worker", { createScriptURL: (text) => text });
  const worker = new Worker(policy ? policy.createScriptURL(url) : url);
  worker.onmessage = ({ data }) => {
    if (data.run === undefined || data.run === run) ANSWERED[data.tell](data);
  };
  worker.onerror = () => say("This browser cannot run the page: it needs WebAssembly and workers.");
  worker.postMessage({ ask: "load", module: ENGINE.module });
  return worker;
}

const ANSWERED = {
  ready() {
    document.documentElement.dataset.ready = "true";
  },
  progress({ bytes: read, of }) {
    const progress = byId("progress");
    progress.value = share(read, of);
    byId("progress-text").textContent =
      `${bytes(read)} of ${bytes(of)} · ${plural(kills.length, "kill", "kills")} so far`;
  },
  kills({ kills: more }) {
    kills.push(...more);
    if (shown === 0) showNewest();
  },
  done(told) {
    finish(told);
  },
  report(told) {
    asked.get(told.number)?.(told);
    asked.delete(told.number);
  },
  failed({ text }) {
    setBusy(false);
    say(text);
  },
};

/** Reads logs one after the other: {name, blob}. */
function explain(files) {
  run += 1;
  kills = [];
  chosenPlace = "";
  shown = 0;
  listed = 0;
  hide();
  byId("results").hidden = false;
  byId("list").replaceChildren();
  byId("overview").replaceChildren();
  byId("unfinished").replaceChildren();
  byId("notes").replaceChildren();
  byId("places").replaceChildren();
  byId("unread").replaceChildren();
  byId("warnings").replaceChildren();
  byId("nothing").hidden = true;
  byId("more").hidden = true;
  byId("share").hidden = true;
  byId("progress").value = 0;
  byId("progress-text").textContent = "";
  byId("source").replaceChildren(...files.flatMap(({ name }, index) => [index > 0 ? ", " : "", untrusted(name)]));
  say("Reading …");
  setBusy(true);
  byId("results").scrollIntoView();
  const rules = byId("rules").value;
  worker.postMessage({ ask: "read", run, rules, files });
}

function setBusy(isBusy) {
  byId("busy").hidden = !isBusy;
}

function say(text) {
  byId("status").textContent = text;
}

function finish(told) {
  const { lines, skipped, bytes: read, isCancelled, unfinished, unread, unreadCount, warnings, warningCount, twice, notes, file } = told;
  setBusy(false);
  const inText = `${plural(lines, "line", "lines")}, ${bytes(read)}`;
  const parts = [];
  if (kills.length > 0) {
    parts.push(...counts(kills));
  } else if (unfinished.length > 0) {
    parts.push(unfinished.some(isKill)
      ? "A process was killed: this text has its report, and not the line of the kill."
      : "No kill in this text, but a part of an OOM report.");
  } else if (unreadCount > 0) {
    parts.push(`No kill could be read, but ${plural(unreadCount, "line looks", "lines look")} like one.`);
  } else if (warningCount > 0) {
    parts.push(`No OOM kill in this text, but ${plural(warningCount, "warning", "warnings")} that memory is short.`);
  } else if (lines > 0 || notes.length === 0) {
    parts.push("No OOM kill in this text.");
  } else {
    parts.push("Nothing could be read.");
  }
  parts.push(isCancelled ? `Stopped after ${inText}.` : `Read ${inText}.`);
  if (twice > 0) parts.push(`${plural(twice, "kill stands", "kills stand")} twice in this text, and ${twice === 1 ? "is" : "are"} counted once.`);
  if (skipped > 0) parts.push(`${plural(skipped, "line", "lines")} above 1 MiB not read.`);
  say(parts.join(" "));
  byId("notes").replaceChildren(...notes.map(note));
  byId("unread").replaceChildren(...listOf(LOOKS_LIKE, unread, unreadCount));
  byId("warnings").replaceChildren(...listOf(WARNINGS, warnings, warningCount));
  byId("nothing").hidden = kills.length > 0 || unfinished.length > 0 || unreadCount > 0 || warningCount > 0
    || lines === 0 && notes.length > 0;
  found = file;
  setDownload(found, kills);
  byId("share").hidden = kills.length === 0;
  byId("places").replaceChildren(...placeChoice(kills));
  byId("unfinished").replaceChildren(...unfinished.slice(-AT_ONCE).map((report, index) =>
    killCard(report, { siblings: [], ask, events: report.events, isOpen: index === 0 && kills.length === 0 })));
  if (kills.length > listed) showNewest();
  const mine = run;
  // A task of its own: of very many kills each takes its time.
  setTimeout(() => {
    if (mine === run && kills.length > 1) byId("overview").replaceChildren(timeline(kills));
  });
}

/** Whether a report that has no kill line says all the same that a process was killed. */
const isKill = ({ json }) => JSON.parse(json).oom.event === "kill";

/** What was done to a file, or what it is instead of a log. */
function note({ name, text }) {
  return h("p", {}, name === undefined ? "" : h("strong", {}, untrusted(name), " "), text);
}

/** How many were killed, and by whom: other programs' kills are counted apart from the kernel's. */
function counts(kills) {
  const byKernel = kills.filter((kill) => !isOthers(kill));
  const reports = new Set(byKernel.map(({ id }) => id)).size;
  const inEvents = reports < byKernel.length ? `, in ${plural(reports, "event", "events")}` : "";
  const others = [...Map.groupBy(kills.filter(isOthers), labelOf)].map(([label, { length }]) => `${label}: ${grouped(length)}.`);
  const killed = plural(byKernel.length, "process was", "processes were");
  if (others.length === 0) return [`${killed} killed${inEvents}.`];
  return [byKernel.length > 0 ? `${killed} killed by the kernel${inEvents}.` : "No kill by the kernel.", ...others];
}

/** Lines that look like a kill, and could not be read. */
const LOOKS_LIKE = {
  title: "Looks like a kill, could not be read",
  about: "cut, changed on the way, or written by another program.",
  label: "Lines that could not be read",
};
/** What other programs say before they kill. */
const WARNINGS = {
  title: "Memory was short",
  about: "a program that watches memory saw it run short. That alone is no kill.",
  label: "Warnings that memory is short",
};

/** Lines that are no kills: how many, and the first of them. */
function listOf({ title, about, label }, lines, count) {
  if (count === 0) return [];
  return [h("h2", {}, title),
    h("p", {}, `${plural(count, "line", "lines")}: ${about}`
      + (count > lines.length ? ` The first ${lines.length}:` : "")),
    h("div", { class: "scroll lines", tabindex: "0", role: "region", "aria-label": label },
      h("ul", { class: "text" }, lines.map(({ number, text, file }) => h("li", {},
        h("span", { class: "line-number" }, String(number)), " ", file ? [untrusted(file), ": "] : "", untrusted(text)))))];
}

/** A choice of the place whose kills are listed, the one with most of them first; nothing where there is one. */
function placeChoice(kills) {
  const places = [...Map.groupBy(kills, ({ place }) => place)].sort(([, a], [, b]) => b.length - a.length);
  if (places.length < 2) return [];
  const choice = h("select", { id: "place", change() {
    chosenPlace = choice.value;
    showNewest();
  } }, h("option", { value: "" }, `all places: ${plural(kills.length, "kill", "kills")}`),
  places.map(([name, { length }]) => h("option", { value: name }, plainText(middleOut(name)), `: ${plural(length, "kill", "kills")}`)));
  return [h("label", {}, "Show the kills of ", choice)];
}

const chosen = () => kills.filter((kill) => !chosenPlace || kill.place === chosenPlace).reverse();

/** The newest kills, anew: more have come. */
function showNewest() {
  // Only now is the page long enough to bring them to its top.
  const isFirst = listed === 0;
  shown = 0;
  listed = kills.length;
  byId("list").replaceChildren();
  showMore();
  if (isFirst) byId("results").scrollIntoView();
}

function showMore() {
  const all = chosen();
  const next = all.slice(shown, shown + AT_ONCE);
  byId("list").append(...next.map((entry, index) => killCard(entry, {
    siblings: kills.filter(({ id }) => id === entry.id),
    ask,
    isOpen: shown === 0 && index === 0,
  })));
  const first = byId(`kill-${next[0]?.number}`);
  shown += next.length;
  // The button goes away with the last of them: the focus would be lost.
  if (shown >= all.length && document.activeElement === byId("more")) first?.querySelector(".toggle").focus();
  byId("more").hidden = shown >= all.length;
  byId("more").textContent = `Show more: ${grouped(all.length - shown)} older`;
}

/** What the worker knows of a kill. */
function ask({ id, number }, paths) {
  return new Promise((resolve) => {
    asked.set(number, resolve);
    worker.postMessage({ ask: "report", run, id, number, paths });
  });
}

/** A link into the list: what it leads to is made and opened where it is not there yet. */
function goTo(hash) {
  const number = Number(/^#kill-(\d+)$/.exec(hash)?.[1]);
  const index = chosen().findIndex((kill) => kill.number === number);
  if (index < 0) return;
  while (shown <= index) showMore();
  const card = byId(`kill-${number}`);
  const toggle = card.querySelector(".toggle");
  if (toggle.getAttribute("aria-expanded") !== "true") toggle.click();
  card.scrollIntoView({ block: "start" });
  toggle.focus({ preventScroll: true });
}

/** A text as a file. */
const named = (text, name) => ({ name, blob: new Blob([text]) });
const filesOf = (list) => [...list].map((file) => ({ name: file.name, blob: file }));

function explainText() {
  const { value } = byId("text");
  if (!value) return byId("text").focus();
  explain([named(value, "the text in the box")]);
  byId("status").focus({ preventScroll: true });
}

function takePaste(event) {
  const text = event.clipboardData.getData("text/plain");
  const files = [...event.clipboardData.files];
  if (files.length > 0) explain(filesOf(files));
  else if (text.length > MOST_PASTED) explain([named(text, "the pasted text")]);
  else {
    // The text box takes it; then it is read without another click.
    setTimeout(explainText);
    return;
  }
  event.preventDefault();
}

function listenForFiles() {
  const input = byId("file");
  input.addEventListener("change", () => {
    if (input.files.length > 0) explain(filesOf(input.files));
    input.value = "";
  });
  const body = document.body;
  body.addEventListener("dragover", (event) => {
    event.preventDefault();
    body.classList.add("over");
  });
  body.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) body.classList.remove("over");
  });
  body.addEventListener("drop", (event) => {
    event.preventDefault();
    body.classList.remove("over");
    const { files } = event.dataTransfer;
    const text = event.dataTransfer.getData("text/plain");
    if (files.length > 0) explain(filesOf(files));
    else if (text) explain([named(text, "the dropped text")]);
  });
}

function addExamples() {
  byId("examples").append(...Object.entries(EXAMPLE_NAMES).map(([name, label]) =>
    h("button", {
      type: "button",
      "data-example": name,
      click() {
        byId("text").value = EXAMPLES[name];
        explain([named(EXAMPLES[name], `the example “${label}”`)]);
      },
    }, label)));
}

function addGlossary() {
  byId("glossary").append(...Object.entries(GLOSSARY).flatMap(([name, text]) => [
    h("dt", {}, name),
    h("dd", {}, ...prose(text)),
  ]));
}

/** Light, dark, or as the system has it. What was chosen is remembered where the browser lets us. */
function listenForTheme() {
  const theme = byId("theme");
  const apply = (choice) => {
    if (choice === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
  };
  try {
    theme.value = localStorage.getItem("oom-theme") ?? "system";
  } catch {
    theme.value = "system";
  }
  apply(theme.value);
  theme.addEventListener("change", () => {
    apply(theme.value);
    try {
      localStorage.setItem("oom-theme", theme.value);
    } catch {
      // It is not remembered, then.
    }
  });
}

addExamples();
addGlossary();
listenForFiles();
listenForTheme();
listenForTips();
byId("text").addEventListener("paste", takePaste);
byId("explain").addEventListener("click", explainText);
byId("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  explainText();
});
byId("redact").addEventListener("change", () => setDownload(found, kills));
byId("cancel").addEventListener("click", () => worker.postMessage({ ask: "cancel", run }));
byId("more").addEventListener("click", showMore);
// From a disk there is no link that others could open.
if (location.protocol !== "file:") {
  byId("link").append(copyButton("Copy a link to this page", () => location.href.split(/[?#]/)[0]));
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#kill-"]');
  if (!link) return;
  event.preventDefault();
  goTo(link.getAttribute("href"));
});
