// Which line of the kernel says which figure of a kill.
"use strict";

/** Members of the record that are no figures. */
const NO_FIGURES = new Set(["event", "summary", "tasks", "id", "tag"]);

/** The record's fields by their path, `victim.pid`; tasks as `task.<pid>.<field>`. Other lists are no figures. */
function flat(oom) {
  const fields = new Map();
  const add = (path, value) => {
    if (value === null || typeof value !== "object") fields.set(path, value);
    else if (!Array.isArray(value)) for (const [key, inner] of Object.entries(value)) add(`${path}.${key}`, inner);
  };
  for (const [key, value] of Object.entries(oom)) {
    if (!NO_FIGURES.has(key)) add(key, value);
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
    this.lines = lines.map(({ number, text, json, program }) => {
      const { oom } = toObject(json);
      return { number, text, oom, program, fields: flat(oom) };
    });
    // The kill's own line counts first, then those before it, the nearest first.
    this.inOrder = [
      ...this.lines.filter((line) => line.number === number),
      ...this.lines.filter((line) => line.number < number).reverse(),
      ...this.lines.filter((line) => line.number > number),
    ];
  }

  /** The line that gives `path` this very value. */
  line(path, value) {
    const names = FIELDS[path]?.statistic;
    if (names) {
      const row = new RegExp(`(?:^|\\] |;|: )(?:${names.join("|")}) ${value}$`);
      const line = this.lines.find(({ text, oom }) => oom.event === "report" && row.test(text));
      if (line) return line;
    }
    const [owner, field] = path.split(".");
    const paths = owner === "victim" ? [path, `task.${this.kill.victim?.pid}.${field}`] : [path];
    return this.inOrder.find(({ fields }) => paths.some((path) => fields.get(path) === value));
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
