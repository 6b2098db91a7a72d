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
  kills({ kills: found }) {
    kills.push(...found);
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

/** Reads a log: a text or a blob. */
function explain(log, name) {
  run += 1;
  kills = [];
  shown = 0;
  listed = 0;
  hide();
  byId("results").hidden = false;
  byId("list").replaceChildren();
  byId("overview").replaceChildren();
  byId("unfinished").replaceChildren();
  byId("more").hidden = true;
  byId("download").hidden = true;
  byId("progress").value = 0;
  byId("progress-text").textContent = "";
  byId("source").replaceChildren(untrusted(name));
  say("Reading …");
  setBusy(true);
  byId("results").scrollIntoView();
  const rules = byId("rules").value;
  worker.postMessage({ ask: "read", run, rules, [typeof log === "string" ? "text" : "blob"]: log });
}

function setBusy(isBusy) {
  byId("busy").hidden = !isBusy;
}

function say(text) {
  byId("status").textContent = text;
}

function finish({ lines, skipped, bytes: read, isCancelled, unfinished, file }) {
  setBusy(false);
  const inText = `${plural(lines, "line", "lines")}, ${bytes(read)}`;
  const parts = [];
  if (kills.length > 0) {
    const reports = new Set(kills.map(({ id }) => id)).size;
    parts.push(`${plural(kills.length, "process was", "processes were")} killed`
      + (reports < kills.length ? `, in ${plural(reports, "event", "events")}.` : "."));
  } else if (unfinished.length === 0) {
    parts.push("No OOM kill in this text.");
  } else {
    parts.push("No kill in this text, but a part of an OOM report.");
  }
  parts.push(isCancelled ? `Stopped after ${inText}.` : `Read ${inText}.`);
  if (skipped > 0) parts.push(`${plural(skipped, "line", "lines")} above 1 MiB not read.`);
  say(parts.join(" "));
  byId("nothing").hidden = kills.length > 0 || unfinished.length > 0;
  URL.revokeObjectURL(byId("download").href);
  byId("download").href = URL.createObjectURL(file);
  byId("download").hidden = kills.length === 0;
  byId("unfinished").replaceChildren(...unfinished.slice(-AT_ONCE).map((report, index) =>
    killCard(report, { siblings: [], ask, events: report.events, isOpen: index === 0 && kills.length === 0 })));
  if (kills.length > listed) showNewest();
  const mine = run;
  // A task of its own: of very many kills each takes its time.
  setTimeout(() => {
    if (mine === run && kills.length > 1) byId("overview").replaceChildren(timeline(kills));
  });
}

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
  const next = kills.toReversed().slice(shown, shown + AT_ONCE);
  byId("list").append(...next.map((entry, index) => killCard(entry, {
    siblings: kills.filter(({ id }) => id === entry.id),
    ask,
    isOpen: shown === 0 && index === 0,
  })));
  shown += next.length;
  byId("more").hidden = shown >= kills.length;
  byId("more").textContent = `Show more: ${grouped(kills.length - shown)} older`;
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
  const index = kills.toReversed().findIndex((kill) => kill.number === number);
  if (index < 0) return;
  while (shown <= index) showMore();
  const card = byId(`kill-${number}`);
  const toggle = card.querySelector(".toggle");
  if (toggle.getAttribute("aria-expanded") !== "true") toggle.click();
  card.scrollIntoView({ block: "start" });
  toggle.focus({ preventScroll: true });
}

function explainText() {
  const { value } = byId("text");
  if (value) explain(value, "the text in the box");
  else byId("text").focus();
}

function takePaste(event) {
  const text = event.clipboardData.getData("text/plain");
  const files = [...event.clipboardData.files];
  if (files.length > 0) explain(files[0], files[0].name);
  else if (text.length > MOST_PASTED) explain(new Blob([text]), "the pasted text");
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
    if (input.files[0]) explain(input.files[0], input.files[0].name);
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
    const [file] = event.dataTransfer.files;
    const text = event.dataTransfer.getData("text/plain");
    if (file) explain(file, file.name);
    else if (text) explain(new Blob([text]), "the dropped text");
  });
}

function addExamples() {
  byId("examples").append(...Object.entries(EXAMPLE_NAMES).map(([name, label]) =>
    h("button", {
      type: "button",
      "data-example": name,
      click() {
        byId("text").value = EXAMPLES[name];
        explain(EXAMPLES[name], `the example “${label}”`);
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
byId("cancel").addEventListener("click", () => worker.postMessage({ ask: "cancel", run }));
byId("more").addEventListener("click", showMore);
byId("link").append(copyButton("Copy a link to this page", () => location.href.split(/[?#]/)[0]));
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#kill-"]');
  if (!link) return;
  event.preventDefault();
  goTo(link.getAttribute("href"));
});
