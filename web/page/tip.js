// The box that explains a figure or a word: shown while the pointer or the focus is on it, and for good
// by a click, until the next one or Escape.
"use strict";

const tip = h("div", { id: "tip", role: "group", "aria-label": "Explanation", popover: "manual" });
/** What each figure stands for, by its button. */
const figures = new WeakMap();
const EXPLAINED = ".figure, .term";
let explained = null;

/** A figure that explains itself. `sources` finds its line; without it, it is derived. */
function figure(sources, path, value, text) {
  const { name, unit } = fieldOf(path);
  const [short] = written(value, unit);
  const isText = typeof value === "string";
  const said = `${name}, ${plainText(short)}`;
  const button = h("button", { type: "button", class: "figure", "aria-expanded": "false", "aria-label": said },
    text ?? (isText ? untrusted(short) : short));
  figures.set(button, { sources, path, value });
  return button;
}

function show(button) {
  if (explained === button) return;
  hide();
  const content = button.matches(".term") ? aboutTerm(button.dataset.term) : aboutFigure(figures.get(button));
  tip.replaceChildren(...content);
  button.after(tip);
  button.setAttribute("aria-describedby", tip.id);
  tip.showPopover();
  place(button);
  explained = button;
}

function hide() {
  if (!explained) return;
  pin(explained, false);
  explained.removeAttribute("aria-describedby");
  explained = null;
  tip.hidePopover();
  document.body.append(tip);
}

function pin(button, isPinned) {
  button.setAttribute("aria-expanded", String(isPinned));
}

const isPinned = () => explained?.getAttribute("aria-expanded") === "true";

/** Below the button, above it where there is more room, and never outside the window. */
function place(button) {
  const GAP = 6;
  const at = button.getBoundingClientRect();
  const box = tip.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const height = document.documentElement.clientHeight;
  const left = Math.max(GAP, Math.min(at.left, width - box.width - GAP));
  const isBelow = at.bottom + GAP + box.height <= height || at.top < height - at.bottom;
  tip.style.left = `${left}px`;
  const top = isBelow ? Math.min(at.bottom + GAP, height - box.height - GAP) : at.top - GAP - box.height;
  tip.style.top = `${Math.max(GAP, top)}px`;
}

function aboutTerm(name) {
  return [h("strong", {}, name), h("p", {}, ...prose(GLOSSARY[name]).map((part) => part.textContent ? h("b", {}, part.textContent) : part))];
}

function aboutFigure({ sources, path, value }) {
  const field = fieldOf(path);
  const [, exact] = written(value, field.unit);
  const line = sources?.line(path, value);
  return [
    h("strong", {}, field.name),
    h("p", { class: "exact" }, typeof value === "string" ? untrusted(exact) : exact),
    h("p", {}, field.means),
    ...(line ? fromLine(line, value, field) : withoutLine(field, sources)),
  ];
}

/** Why no line is shown; nothing where the lines were not asked for. */
function withoutLine(field, sources) {
  if (!sources) return [];
  let why = "The line that says it is not kept here.";
  if (field.derived) why = `No line prints it. ${field.derived}`;
  else if (sources.kill.attribution === "table") why = "From the report before, in whose table the process stands.";
  return [h("p", { class: "quiet" }, why)];
}

function fromLine({ number, text }, value, field) {
  return [
    h("p", { class: "quiet" }, `Line ${number} of the text says it:`),
    h("pre", { class: "line" }, marked(text, value, field)),
    h("button", { type: "button", click: () => showLine(number) }, "Show it in the report"),
  ];
}

/** A line with the figure in it marked, where it can be only one word of it. */
function marked(text, value, { unit, after = "" }) {
  const words = new Set([String(value)]);
  if (unit === "bytes") {
    // As the kernel writes memory: in KiB, or in pages of 4, 16 or 64 KiB.
    for (const size of [1024n, 4096n, 16384n, 65536n]) {
      if (BigInt(value) % size === 0n) words.add(String(BigInt(value) / size));
    }
  }
  const places = [...words].flatMap((word) => placesOf(text, word))
    .filter(([start]) => text.slice(0, start).endsWith(after));
  if (places.length !== 1) return untrusted(text);
  const [[start, end]] = places;
  return h("bdi", {}, ...visible(text.slice(0, start)),
    h("mark", {}, ...visible(text.slice(start, end))),
    ...visible(text.slice(end)));
}

/** Where a word stands in a text by itself: no letter or digit of it goes on, save for a unit. */
function placesOf(text, word) {
  const places = [];
  for (let start = -1; word && (start = text.indexOf(word, start + 1)) >= 0; ) {
    const end = start + word.length;
    const isWhole = !/[\w.]$/.test(text.slice(0, start)) && /^(kB\b|\W|$)/.test(text.slice(end, end + 3));
    if (isWhole) places.push([start, end]);
  }
  return places;
}

/** Opens the lines of the report that the box stands in, and goes to one of them. */
function showLine(number) {
  const card = tip.closest(".kill");
  hide();
  const lines = card.querySelector(".lines");
  const goThere = () => {
    const line = lines.querySelector(`[data-number="${number}"]`);
    lines.querySelector(".shown")?.classList.remove("shown");
    line.classList.add("shown");
    line.scrollIntoView({ block: "center" });
    line.focus({ preventScroll: true });
  };
  if (lines.open) return goThere();
  // Its content is made when it is opened.
  lines.addEventListener("toggle", goThere, { once: true });
  lines.open = true;
}

function listenForTips() {
  document.body.append(tip);
  const target = (event) => event.target.closest?.(EXPLAINED);
  document.addEventListener("pointerover", (event) => {
    const button = target(event);
    if (event.pointerType !== "mouse" || isPinned()) return;
    if (button) show(button);
    else if (!tip.contains(event.target)) hide();
  });
  document.addEventListener("focusin", (event) => {
    const button = target(event);
    if (button && !isPinned() && button.matches(":focus-visible")) show(button);
    else if (!button && !tip.contains(event.target)) hide();
  });
  document.addEventListener("click", (event) => {
    const button = target(event);
    if (!button) {
      if (!tip.contains(event.target)) hide();
    } else if (button === explained && isPinned()) hide();
    else {
      show(button);
      pin(button, true);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !explained) return;
    const button = explained;
    hide();
    if (tip.contains(document.activeElement)) button.focus();
  });
  document.addEventListener("scroll", () => {
    if (explained) place(explained);
  }, { passive: true, capture: true });
}
