// Pictures of a kill. The bars are drawings; names and figures stand beside them as text, so that
// nothing is told by a drawing alone.
"use strict";

/** Most tasks that are drawn. */
const MOST_TASKS = 10;
/** Most columns of the timeline. */
const COLUMNS = 60;

/** A horizontal bar: parts of a whole, each with a class, and marks across it. */
function bar(parts, marks = []) {
  let x = 0;
  const drawn = parts.map(([part, name]) => {
    const width = Math.min(part, 1 - x);
    const rectangle = svg("rect", { x: `${x * 100}%`, y: "0", width: `${width * 100}%`, height: "100%", class: name });
    x += width;
    return rectangle;
  });
  const lines = marks.map((at) =>
    svg("line", { x1: `${at * 100}%`, x2: `${at * 100}%`, y1: "0", y2: "100%", class: "mark" }));
  return svg("svg", { class: "bar", "aria-hidden": "true", focusable: "false" }, ...drawn, ...lines);
}

function picture(title, ...content) {
  const heading = h("h3", {}, title);
  return h("section", { class: "picture" }, heading, ...content);
}

/** Accounts of the cgroup: what it used, and its limit. */
const ACCOUNTS = [
  ["Memory", "memory.usage_bytes", "memory.limit_bytes"],
  ["Swap", "memory.swap_usage_bytes", "memory.swap_limit_bytes"],
  ["Memory and swap", "memory.memsw_usage_bytes", "memory.memsw_limit_bytes"],
  ["Kernel memory", "memory.kmem_usage_bytes", "memory.kmem_limit_bytes"],
];

/** What the victim's memory was of. */
const PARTS = [
  ["anonymous", "victim.anon_rss_bytes", "anon"],
  ["files", "victim.file_rss_bytes", "file"],
  ["shared", "victim.shmem_rss_bytes", "shmem"],
  ["in swap", "victim.swap_bytes", "swapped"],
];

function memoryPicture(sources) {
  const fields = flat(sources.kill);
  const accounts = ACCOUNTS.filter(([, used]) => fields.has(used)).map(([name, used, limit]) =>
    account(sources, name, [used, fields.get(used)], [limit, fields.get(limit)]));
  const [total, free] = ["memory.total_bytes", "memory.free_bytes"].map((path) => fields.get(path));
  if (total !== undefined && free !== undefined) {
    const used = BigInt(total) - BigInt(free);
    accounts.push(account(sources, "Memory of the machine", ["machine.used", used], ["memory.total_bytes", total]));
  }
  const [swap, swapped] = ["memory.swap_total_bytes", "memory.swap_bytes"].map((path) => fields.get(path));
  if (swap !== undefined && swapped !== undefined) {
    accounts.push(account(sources, "Swap of the machine", ["memory.swap_bytes", swapped], ["memory.swap_total_bytes", swap]));
  }
  if (accounts.length === 0) {
    accounts.push(h("p", { class: "quiet" }, "This text has no line with what was used and the limit."));
  }
  const whole = fields.get("memory.limit_bytes") ?? total ?? 0;
  return picture("Memory used, against the limit", ...accounts, kindsPart(sources, fields, whole),
    cgroupsPart(sources.kill), victimPart(sources, fields, whole), allocationPart(sources.kill));
}

/** What the memory was of. The kernel's own is one figure of a cgroup, and caches above all of a machine. */
const KINDS = [
  ["anonymous", "memory.anon_bytes", "anon"],
  ["files", "memory.file_bytes", "file"],
  ["kernel", "memory.kernel_bytes", "kernel"],
  ["slab caches", "memory.slab_bytes", "kernel"],
];

function kindsPart(sources, fields, limit) {
  const isOne = fields.has("memory.kernel_bytes");
  const parts = KINDS.filter(([, path]) => fields.has(path) && !(isOne && path === "memory.slab_bytes"));
  if (parts.length === 0) return undefined;
  const shared = fields.get("memory.shmem_bytes") ?? 0;
  const sum = parts.reduce((sum, [, path]) => sum + BigInt(fields.get(path)), 0n);
  return stack(sources, "What it was of", sum, limit, parts.map(([name, path, key]) => ({
    name, path, key, value: fields.get(path),
    rest: key === "file" && shared > 0 ? [", of it shared ", figure(sources, "memory.shmem_bytes", shared)] : [],
  })));
}

/** What each cgroup of the subtree held by itself, where the kernel says it. */
function cgroupsPart({ memory }) {
  const cgroups = memory?.cgroups ?? [];
  if (cgroups.length < 2) return undefined;
  return h("div", { class: "account" },
    h("div", { class: "legend" }, h("span", {}, "Held by each cgroup, the largest first")),
    h("ul", { class: "key" }, cgroups.map(({ path, anon_bytes = 0, file_bytes = 0 }) =>
      h("li", {}, untrusted(path), ` ${bytes(BigInt(anon_bytes) + BigInt(file_bytes))}`))));
}

/** Why memory could not be had although some was free. */
function allocationPart({ memory, trigger }) {
  const allocation = memory?.allocation;
  if (allocation?.free_bytes === undefined) return undefined;
  const { zone, node, free_bytes: free, min_bytes: min, largest_free_order: largest } = allocation;
  const order = trigger?.order ?? 0;
  const kept = min === undefined ? "" : ` and keeps ${bytes(min)} back for emergencies`;
  const isTorn = order > 0 && (largest === undefined || largest < order);
  return h("p", { class: "quiet" }, `The request could use zone ${zone} of memory node ${node}. That had ${bytes(free)} free${kept}.`,
    isTorn ? ` It asked for ${grouped(2 ** order)} pages that stand together, and no free block was so large.` : "");
}

/** One account: a path and its figure for what is used, and for the limit, which may be unknown. */
function account(sources, name, [usedPath, used], [limitPath, limit]) {
  const isOff = limit !== undefined && BigInt(limit) === 0n && BigInt(used) === 0n;
  const part = share(used, limit ?? 0);
  const whole = Math.max(part, 1);
  const text = [figure(sources, usedPath, used), isOthers(sources.kill) ? " used" : " used, no limit"];
  if (isOff) text.splice(0, 2, "none: ", figure(sources, limitPath, limit));
  else if (limit !== undefined) text.splice(1, 1, " of ", figure(sources, limitPath, limit), ` · ${percent(part)}`);
  return h("div", { class: "account" },
    h("div", { class: "legend" }, h("span", {}, name), h("span", {}, text)),
    isOff || limit === undefined ? undefined : bar([[part / whole, part >= 0.99 ? "full" : "used"]], [1 / whole]));
}

/** What the killed process held, of what. */
function victimPart(sources, fields, limit) {
  const parts = PARTS.filter(([, path]) => fields.has(path));
  if (parts.length === 0) return undefined;
  const held = parts.reduce((sum, [, path]) => sum + BigInt(fields.get(path)), 0n);
  return stack(sources, "Held by the killed process", held, limit,
    parts.map(([name, path, key]) => ({ name, path, key, value: fields.get(path), rest: [] })));
}

/** Parts of a sum, drawn against the limit where that is known and larger. */
function stack(sources, title, sum, limit, parts) {
  const whole = BigInt(limit) > sum ? limit : sum;
  return h("div", { class: "account" },
    h("div", { class: "legend" }, h("span", {}, title), h("span", {}, bytes(sum))),
    bar(parts.map(({ value, key }) => [share(value, whole), key])),
    h("ul", { class: "key" }, parts.map(({ name, path, key, value, rest }) =>
      h("li", {}, h("span", { class: `swatch ${key}`, "aria-hidden": "true" }), `${name} `, figure(sources, path, value), rest))));
}

function tasksPicture(sources, victims) {
  const tasks = sources.tasks();
  const title = "Processes by resident memory";
  if (tasks.length === 0) {
    return picture(title, h("p", { class: "quiet" }, "This text has no table of processes for this kill."));
  }
  const largest = Math.max(...tasks.slice(0, MOST_TASKS).map((task) => Number(task.rss_bytes)), 1);
  const shown = tasks.filter((task, index) => index < MOST_TASKS || victims.has(task.pid));
  const rows = shown.slice(0, MOST_TASKS + victims.size).map((task) => {
    const isVictim = victims.has(task.pid);
    const path = (field) => `task.${task.pid}.${field}`;
    return h("tr", { class: isVictim ? "victim" : undefined },
      h("th", { scope: "row" },
        untrusted(task.comm), h("span", { class: "quiet" }, ` ${task.pid}`),
        isVictim ? h("span", { class: "killed" }, "killed") : undefined),
      h("td", { class: "drawn" }, bar([[share(task.rss_bytes, largest), isVictim ? "full" : "used"]])),
      h("td", { class: "number" }, figure(sources, path("rss_bytes"), task.rss_bytes)),
      h("td", { class: "number" }, task.oom_score_adj === undefined ? "" : figure(sources, path("oom_score_adj"), task.oom_score_adj)));
  });
  const count = sources.kill.task_count ?? tasks.length;
  const rest = count - shown.length;
  return picture(title,
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title },
      h("table", { class: "tasks" },
        h("thead", {}, h("tr", {},
          h("th", { scope: "col" }, "Process and pid"),
          h("td", { class: "drawn" }),
          h("th", { scope: "col", class: "number" }, "resident"),
          h("th", { scope: "col", class: "number" }, "bias"))),
        h("tbody", {}, rows))),
    unshown(sources.kill, tasks, rest),
    h("p", { class: "quiet" }, "Bias is oom_score_adj. Memory that processes share is counted for each of them."));
}

/** What the table leaves out: rows that are not drawn, or that the text does not have. */
function unshown({ victim, task_count: count }, tasks, rest) {
  const isWithout = victim !== undefined && !tasks.some(({ pid }) => pid === victim.pid);
  if (isWithout) return h("p", { class: "quiet" }, "The table is incomplete: the killed process is not in the rows that this text has.");
  if (rest <= 0) return undefined;
  // The record has the five largest where the lines are gone.
  const isCut = count !== undefined && tasks.length < count;
  const which = isCut ? ["other process", "other processes"] : ["smaller process", "smaller processes"];
  return h("p", { class: "quiet" }, `${plural(rest, `${which[0]} is`, `${which[1]} are`)} not shown.`);
}

/** Most segments of a path that are drawn one by one. */
const MOST_SEGMENTS = 24;

/** The paths of a kill and of all above them, each with its parent's. */
function nodesOf(kill) {
  const { limit, victim } = kill.cgroup ?? {};
  const nodes = [limit, victim].filter(Boolean).flatMap((path) => {
    const parts = path.split("/").filter(Boolean);
    const ends = parts.map((_, index) => index + 1).filter((end) => end < MOST_SEGMENTS || end === parts.length);
    const paths = ends.map((end) => `/${parts.slice(0, end).join("/")}`);
    return paths.map((path, index) => [path, paths[index - 1] ?? ""]);
  });
  return new Map(nodes);
}

function treePicture(sources, levels) {
  const { kill } = sources;
  const { limit, victim } = kill.cgroup ?? {};
  const title = isOthers(kill) ? "Where it was" : "Where the limit was hit";
  if (!limit && !victim) {
    return picture(title, h("p", { class: "quiet" }, withoutCgroup(kill)));
  }
  const isMachine = kill.level === "node" && !limit;
  const nodes = [...nodesOf(kill)];
  const build = (parent) => {
    const children = nodes.filter(([, above]) => above === parent);
    if (children.length === 0) return undefined;
    return h("ul", {}, children.map(([path]) => {
      const level = levels[path];
      const isLimit = path === limit;
      const isVictim = path === victim;
      return h("li", {},
        h("div", { class: `node${isLimit ? " limit" : ""}` },
          untrusted(path.slice(parent.length + 1)),
          // A container's inner directory, such as LXC's `ns`, is the same container.
          level && level !== "cgroup" && level !== levels[parent] ? h("span", { class: "place" }, LEVELS[level].place) : undefined,
          isLimit ? limitBadge(sources) : undefined,
          isVictim ? h("span", { class: "killed" }, placeMark(kill)) : undefined),
        build(path));
    }));
  };
  return picture(title,
    h("div", { class: "tree" },
      h("div", { class: `node${isMachine || limit === "/" ? " limit" : ""}` }, "/",
        h("span", { class: "place" }, "the whole machine"),
        isMachine || limit === "/" ? h("span", { class: "hit" }, isConfined(kill) ? "a part of it was full" : "ran out here") : undefined),
      build("")));
}

function placeMark(kill) {
  if (isOthers(kill) && !kill.victim) return "killed, with all in it";
  return `${isUnfinished(kill) ? "chosen" : "killed"} process was here`;
}

function withoutCgroup(kill) {
  if (isConfined(kill)) return "The part of the machine's memory that the process was bound to. The report names no cgroup.";
  if (kill.level === "node") return "The whole machine. The report names no cgroup.";
  return "This text does not name the cgroup.";
}

function limitBadge(sources) {
  const limit = sources.kill.memory?.limit_bytes;
  return h("span", { class: "hit" }, "limit hit here",
    ...(limit === undefined ? [] : [": ", figure(sources, "memory.limit_bytes", limit)]));
}

/** Kills over time; by their order in the text where their clocks cannot be compared. */
function timeline(kills) {
  const unit = kills.every(({ time_us }) => time_us !== undefined) ? "date" : "us";
  const times = kills.map(({ at_us, time_us }) => (unit === "date" ? time_us : at_us));
  const spoken = (time) => written(time, unit)[0];
  const isTimed = times.every((time, index) => time !== undefined && (index === 0 || time >= times[index - 1]))
    && times.at(-1) > times[0];
  const positions = isTimed ? times : kills.map((_, index) => index);
  const [first, last] = [positions[0], positions.at(-1)];
  const columns = Array.from({ length: COLUMNS }, () => []);
  for (const [index, position] of positions.entries()) {
    columns[Math.min(COLUMNS - 1, Math.floor(share(position - first, last - first) * COLUMNS))].push(kills[index]);
  }
  const most = Math.max(...columns.map((column) => column.length));
  const label = isTimed
    ? `${plural(kills.length, "kill", "kills")} from ${spoken(first)} to ${spoken(last)}`
    : `${plural(kills.length, "kill", "kills")} in the order of the text: their times cannot be compared`;
  const bars = columns.flatMap((column, index) => {
    let y = 100;
    return [...Map.groupBy(column, kindOf)].map(([level, { length }]) => {
      const height = share(length, most) * 100;
      y -= height;
      return svg("rect", {
        x: `${(index / COLUMNS) * 100 + 0.2}%`, width: `${100 / COLUMNS - 0.4}%`,
        y: `${y}%`, height: `${height}%`, class: `level-${level}`,
      });
    });
  });
  const levels = Map.groupBy(kills, kindOf);
  return h("section", { class: "picture timeline" },
    h("h2", {}, "Kills over time"),
    svg("svg", { class: "columns", role: "img", "aria-label": `${label}. At most ${most} in one column.` }, ...bars),
    h("p", { class: "axis" }, isTimed
      ? [h("span", {}, spoken(first)), h("span", {}, spoken(last))]
      : h("span", {}, label)),
    h("ul", { class: "key" }, [...levels].map(([level, { length }]) =>
      h("li", {}, h("span", { class: `swatch level-${level}`, "aria-hidden": "true" }),
        `${(LEVELS[level] ?? UNKNOWN_LEVEL).label}: ${grouped(length)}`))));
}
