// What becomes of a text on its way through terminals and tables: lines cut at a width, the newest first.
"use strict";

/** Larger texts are no paste. */
const MOST_TIDIED = 4 << 20;
/** How a line of dmesg begins. */
const CLOCK = /^(?:<\d+>)?\[ *(\d+\.\d{6})\]/;
/** Columns at which terminals and mails cut lines. */
const WIDTHS = { least: 72, most: 250 };

/** The text as the kernel wrote it, and what was done to it. */
function tidied(text) {
  const notes = [];
  let lines = text.split(/\r?\n/);
  const joined = rejoined(lines);
  if (joined) {
    lines = joined;
    notes.push("Lines were cut at a width: they are joined again, and lines are counted after that.");
  }
  if (isNewestFirst(lines)) {
    lines = lines.reverse();
    notes.push("The newest line stood first: the text was turned round, and lines are counted after that.");
  }
  return { text: notes.length > 0 ? lines.join("\n") : text, notes };
}

/** Lines joined that were cut at a width; `undefined` where nothing says that they were. */
function rejoined(lines) {
  const width = lines.reduce((most, { length }) => Math.max(most, length), 0);
  if (width < WIDTHS.least) return undefined;
  const isRest = (line, index) => index > 0 && line !== "" && !CLOCK.test(line);
  const rests = lines.filter(isRest).length;
  const clocks = lines.filter((line) => CLOCK.test(line)).length;
  // Each line without a clock has to stand behind a full one, but for a blank that was left out at its end, or behind
  // one that ends with a blank, as mails have it where a line goes on.
  const isFull = (line) => width <= WIDTHS.most && line.length >= width - 1;
  const isWhole = (line) => isFull(line) || /[ \u00a0]$/.test(line);
  const isCut = lines.every((line, index) => !isRest(line, index) || isWhole(lines[index - 1]));
  if (rests < 2 || clocks < 3 || !isCut) return undefined;
  const joined = [];
  for (const [index, line] of lines.entries()) {
    if (!isRest(line, index)) joined.push(line);
    else joined.push(joined.pop() + (needsBlank(lines[index - 1], width) ? " " : "") + line);
  }
  return joined;
}

/** Whether the blank at which a line was cut was left out. */
const needsBlank = (line, width) => line.length < width && !/[ \u00a0]$/.test(line);

/** Whether the clocks of the lines run backwards. */
function isNewestFirst(lines) {
  const clocks = lines.flatMap((line) => CLOCK.exec(line)?.[1] ?? []).map(Number);
  const count = (test) => clocks.filter((clock, index) => index > 0 && test(clocks[index - 1], clock)).length;
  const falling = count((before, clock) => before > clock);
  return falling >= 3 && falling > 9 * count((before, clock) => before < clock);
}
