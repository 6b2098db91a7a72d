// Which line of the kernel says which figure of a kill.
"use strict";

/** Members of the record that are no figures. */
const NO_FIGURES = new Set(["event", "summary", "tasks", "id", "tag"]);

/** The record's fields by their path, `victim.pid`; tasks as `task.<pid>.<field>`. */
function flat(oom) {
  const fields = new Map();
  for (const [key, value] of Object.entries(oom)) {
    if (NO_FIGURES.has(key)) continue;
    if (value === null || typeof value !== "object") fields.set(key, value);
    else for (const [inner, figure] of Object.entries(value)) fields.set(`${key}.${inner}`, figure);
  }
  for (const task of oom.tasks ?? []) {
    for (const [key, value] of Object.entries(task)) fields.set(`task.${task.pid}.${key}`, value);
  }
  return fields;
}

/** Every line of a report with what it says. */
class Sources {
  constructor(kill, number, lines) {
    this.kill = kill;
    this.lines = lines.map(({ number, text, json }) => {
      const { oom } = toObject(json);
      return { number, text, oom, fields: flat(oom) };
    });
    // The kill's own line counts first, then those before it, the nearest first.
    this.inOrder = [
      ...this.lines.filter((line) => line.number === number),
      ...this.lines.filter((line) => line.number < number).reverse(),
      ...this.lines.filter((line) => line.number > number),
    ];
  }

  /** What the memory of the cgroup was of: the line and the count of each part that is told. */
  statistics() {
    const told = new Map();
    for (const line of this.lines) {
      const [, name, count] = (line.oom.event === "report" && STATISTICS.line.exec(line.text)) || [];
      const part = Object.hasOwn(STATISTICS.names, name) ? STATISTICS.names[name] : undefined;
      if (part && !told.has(`statistics.${part}`)) told.set(`statistics.${part}`, { line, value: BigInt(count) });
    }
    return told;
  }

  /** The line that gives `path` this very value. */
  line(path, value) {
    const statistic = this.statistics().get(path);
    if (statistic) return statistic.line;
    const [owner, field] = path.split(".");
    const paths = owner === "victim" ? [path, `task.${this.kill.victim?.pid}.${field}`] : [path];
    return this.inOrder.find(({ fields }) => paths.some((path) => fields.get(path) === value));
  }

  /** The machine's memory and swap, as pairs of what is used and the whole; empty where no line says. */
  machine() {
    let [free, total] = [0n, 0n];
    const swap = {};
    for (const { text, oom } of this.lines) {
      if (oom.event !== "report") continue;
      const zone = MACHINE.memory.line.exec(text);
      free += zone ? BigInt(zone[MACHINE.memory.free]) : 0n;
      total += zone ? BigInt(zone[MACHINE.memory.total]) : 0n;
      swap.free ??= MACHINE.swapFree.exec(text)?.[1];
      swap.total ??= MACHINE.swapTotal.exec(text)?.[1];
    }
    const known = {};
    if (total > 0n) known.memory = [(total - free) * 1024n, total * 1024n];
    if (swap.free && swap.total) {
      known.swap = [(BigInt(swap.total) - BigInt(swap.free)) * 1024n, BigInt(swap.total) * 1024n];
    }
    return known;
  }

  /** All rows of the report's table, the largest first; the record's five where a row has no size, or the lines are gone. */
  tasks() {
    const rows = this.lines.flatMap(({ oom }) => (oom.event === "task" ? (oom.tasks ?? []) : []));
    const areSized = rows.length > 0 && rows.every((row) => row.rss_bytes !== undefined);
    const tasks = areSized ? rows : (this.kill.tasks ?? []).filter((task) => task.rss_bytes !== undefined);
    return tasks.toSorted((a, b) => Number(b.rss_bytes) - Number(a.rss_bytes));
  }
}

/** What is known of a field: of a task's, what holds for every task. */
function fieldOf(path) {
  const field = FIELDS[path.replace(/^task\.\d+\./, "task.")];
  return field ?? { name: path, means: "A field of the record that this page has no words for." };
}
