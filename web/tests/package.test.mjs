// The package as a user has it: packed, installed into an empty project, in Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";

import { chromium, dist, objects, parsed, scratch, suites, top } from "./lib.mjs";
import { close } from "./toolchains/kit.mjs";
import { rows, table } from "./toolchains/rows.mjs";

const project = scratch();
const npm = (...names) => execFileSync("npm", names, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const archive = npm("pack", join(dist, "package")).trim().split("\n").at(-1);
writeFileSync(join(project, "package.json"), '{"private": true, "type": "module"}');
npm("install", "--offline", "--no-audit", "--no-fund", `./${archive}`);
const installed = join(project, "node_modules/oom-web");
const oom = await import(pathToFileURL(join(installed, "index.js")));
const required = createRequire(join(project, "package.json"))("oom-web");

const KILL = "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
const HEADER = "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
/** Runs a script of a toolchain of package.json. */
const tool = (path, ...args) =>
  execFileSync("node", [fileURLToPath(new URL(`node_modules/${path}`, import.meta.url)), ...args], { cwd: project, encoding: "utf8", stdio: "pipe" });

for (const [kind, load] of [
  ["module", 'import { parse } from "oom-web";'],
  ["commonjs", 'const { parse } = require("oom-web");'],
]) {
  test(`an empty project has what it needs, by its name, as ${kind}`, () => {
    const script = `${load}
      const { kills } = parse(process.argv[1]);
      console.log(kills[0].number, kills[0].record.oom.summary);`;
    const run = [`--input-type=${kind}`, "--eval", script, `one\n${KILL}`];
    const output = execFileSync("node", run, { cwd: project, encoding: "utf8" });
    assert.equal(output, "2 'a' (pid 42) was killed: the whole machine ran out of memory; the process itself held 4.0 KiB.\n");
  });
}

test("it has its licences, and the version of the workspace", () => {
  const files = readdirSync(installed);
  for (const file of ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "oom.schema.json"]) {
    assert.ok(files.includes(file), file);
  }
  const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const workspace = /^version = "(.*)"$/m.exec(readFileSync(join(top, "Cargo.toml"), "utf8"))[1];
  assert.equal(version, workspace);
});

for (const [module, resolution] of [["nodenext", "nodenext"], ["preserve", "bundler"], ["commonjs", "node10"]]) {
  test(`its types are right, resolved as ${resolution} does`, () => {
    for (const file of ["types.ts", "required.cts", "tsconfig.json"]) copyFileSync(new URL(file, import.meta.url), join(project, file));
    tool("typescript/bin/tsc", "--project", project, "--module", module, "--moduleResolution", resolution);
  });
}

test("those who judge packages have nothing to say", () => {
  const said = tool("publint/src/cli.js", installed, "--strict");
  assert.match(said, /All good/);
  tool("@arethetypeswrong/cli/dist/index.js", archive, "--exclude-entrypoints", "oom_bg.wasm");
});

test("its README has the table of toolchains that are tested", () => {
  const readme = new URL("../package/README.md", import.meta.url);
  const text = readFileSync(readme, "utf8");
  const made = text.replace(/(?<=<!-- toolchains -->\n)[^]*(?=<!-- \/toolchains -->)/, table());
  if (process.env.BLESS) writeFileSync(readme, made);
  assert.equal(readFileSync(readme, "utf8"), made, "BLESS=1 node --test package.test.mjs writes it");
});

after(close);
// The one row for which nothing has to be installed; the others are of toolchains.test.mjs.
const native = rows.find(({ name }) => name === "no toolchain");
test(`${native.name}: ${native.what}`, { skip: chromium() ? false : "there is no Chromium" }, async () => {
  assert.deepEqual(await native.find(), native.expected);
});

test("the entry without the module waits for it", () => {
  const script = `
    const slim = require("oom-web/slim");
    const { readFileSync } = require("fs");
    try { slim.parse(""); } catch ({ message }) { console.log(message); }
    try { slim.init(new Uint8Array(8)); } catch ({ name }) { console.log(name); }
    slim.init(readFileSync(require.resolve("oom-web/oom_bg.wasm")));
    slim.init();
    console.log(slim.parse(process.argv[1]).kills.length);`;
  const output = execFileSync("node", ["--input-type=commonjs", "--eval", script, KILL], { cwd: project, encoding: "utf8" });
  assert.equal(output, "this entry has no module inside: call init first, with the bytes of oom_bg.wasm\nCompileError\n1\n");
});

/** What `mode` gives of records one after the other, what did not finish last. */
function filtered(mode, records, isFresh) {
  let filter = new oom.Filter({ mode });
  const found = [];
  for (const record of records) {
    if (isFresh) filter = new oom.Filter({ mode });
    const answer = filter.process(record);
    if (answer !== null) found.push(answer);
  }
  return isFresh ? found : [...found, ...filter.end()];
}

/** A record that is a text, or no JSON, in one form. */
const plain = (record) => (typeof record === "string" ? { text: record } : record);

/** No string holds bytes that are not UTF-8. Then what is added is compared, not the whole record. */
const isText = ({ bytes }) => Buffer.from(bytes.toString()).equals(bytes);

for (const suite of suites()) {
  test(`suite ${suite.name}`, () => {
    let compared = 0;
    for (const mode of ["annotate", "rewrite", "events"]) {
      const expected = suite.expected[mode];
      if (!expected) continue;
      compared += 1;
      // A record that came with an `oom` passes as it is.
      const given = new Set(objects(suite.bytes.toString()).filter(({ oom }) => oom).map((record) => JSON.stringify(record)));
      const ofOom = expected.filter((record) => record.oom && !given.has(JSON.stringify(record))).map(({ oom }) => oom);
      if (isText(suite)) {
        const found = filtered(mode, suite.records, suite.fresh).map(parsed);
        assert.deepEqual(found.map(plain), expected.map(plain), mode);
      }
      if (suite.fresh) continue;
      // The same from the bytes of the whole log.
      const reader = new oom.Reader({ mode });
      const lines = [...reader.push(suite.bytes), ...reader.end()].map(({ record }) => record);
      assert.deepEqual(lines.map(({ oom }) => oom), ofOom, mode);
      for (const record of lines.filter(({ oom }) => oom.event === "kill" && oom.pod)) {
        // Whoever owns a container can make up a pod inside it.
        const isBelieved = !record.oom.nested;
        assert.equal(record["k8s.pod.uid"], isBelieved ? record.oom.pod.uid : undefined);
        assert.equal(record["container.id"], isBelieved ? record.oom.container?.id : undefined);
      }
    }
    assert.ok(compared > 0, "nothing was compared");
  });
}

test("a record that is about something else comes back as it is", () => {
  const filter = new oom.Filter();
  const record = { log: "usb 1-1: new device", nested: { n: 1n } };
  assert.equal(filter.process(record), record);
  const text = '{"log": "usb",   "n": 1e400}';
  assert.equal(filter.process(text), text);
  assert.equal(new oom.Filter({ mode: "events" }).process(text), null);
  assert.equal(filter.process("no JSON"), "no JSON");
});

test("objects keep integers that a number would round", () => {
  const filter = new oom.Filter();
  const record = { log: KILL, big: 18446744073709551615n, edge: 9007199254740993n, "nkey": "n12", text: 's"n1"\\' };
  const answer = filter.process(record);
  assert.equal(answer.oom.victim.pid, 42);
  for (const [key, value] of Object.entries(record)) assert.deepEqual(answer[key], value, key);
});

test("JSON goes to objects and back without a change", () => {
  for (const json of [
    "18446744073709551615", "-9007199254740993", "9007199254740991", "12345678901234567890",
    '{"a":18446744073709551615,"b":"18446744073709551615","n1":"n2","s":"s"}',
    '["n12345678901234567",12345678901234567,"\\"n1\\"",{"__proto__":12345678901234567}]',
    '{"a":[null,true,1.5,""],"\\u0022":"\\\\"}',
  ]) {
    assert.equal(oom.toJson(oom.toObject(json)), json.replace("\\u0022", '\\"'));
  }
  assert.deepEqual(oom.toObject("[1.2345678901234567e30,12345678901234567890.5]"), [1.2345678901234567e30, 12345678901234567890.5]);
  assert.equal(oom.toObject("12345678901234567"), 12345678901234567n);
  assert.equal(oom.toJson({ at: new Date(0), none: undefined }), '{"at":"1970-01-01T00:00:00.000Z"}');
  const long = JSON.stringify({ text: 'a"'.repeat(1 << 20), big: 1 }).replace("1}", "12345678901234567}");
  assert.equal(oom.toJson(oom.toObject(long)), long);
  assert.throws(() => oom.toObject("{"), SyntaxError);
});

test("chunks may end anywhere, in a character too", async () => {
  const log = Buffer.from(`grüße\n${KILL.replace("(a)", "(ü)")}\n{"log":"${KILL}"}`);
  for (const size of [1, 7, 64]) {
    const chunks = Array.from({ length: Math.ceil(log.length / size) }, (_, index) => log.subarray(index * size, (index + 1) * size));
    const found = [];
    for await (const line of oom.read(chunks, { mode: "events" })) found.push([line.number, line.record.oom.victim.comm]);
    assert.deepEqual(found, [[2, "ü"], [3, "a"]]);
  }
});

test("a report that never finished is released at the end", async () => {
  const reader = new oom.Reader({ mode: "events" });
  assert.deepEqual(reader.push(`${HEADER}\n`), []);
  assert.equal(reader.end()[0].record.oom.event, "truncated");
  assert.equal(reader.lines, 1);
  reader.free();
  const filter = new oom.Filter({ mode: "rewrite" });
  assert.equal(filter.process({ log: HEADER }), null);
  assert.equal(JSON.parse(filter.end()[0]).oom.event, "truncated");
});

test("kills from before the start are replayed", () => {
  const filter = new oom.Filter({ startedAt: new Date(2000) });
  assert.equal(filter.process({ log: KILL }, { time: 1999 }).oom.replayed, true);
  assert.equal(filter.process({ log: KILL }, { time: new Date(2001) }).oom.replayed, undefined);
  assert.equal(filter.process({ log: KILL }).oom.replayed, undefined);
});

test("streams are kept apart by their tag", () => {
  const filter = new oom.Filter();
  const ids = ["a", "b", "a"].map((tag) => filter.process({ log: HEADER }, { tag }).oom.id);
  assert.equal(filter.process({ log: "Call Trace:" }, { tag: "c" }).oom, undefined);
  assert.equal(filter.process({ log: "Call Trace:" }, { tag: "b" }).oom.id, ids[1]);
});

test("text of other killers is read where it is asked for", () => {
  const line =
    "lowmemorykiller: Kill 'com.a' (17), uid 10, oom_score_adj 0 to free 4kB rss, 0kB swap; reason: thrashing";
  assert.deepEqual(oom.parse(line).lines, []);
  const [{ record }] = oom.parse(line, { mode: "events", unproven: true }).lines;
  assert.equal(record.oom.killer, "lmkd");
  assert.equal(record.oom.unproven, true);
  const filter = new oom.Filter({ mode: "events", unproven: true });
  assert.equal(JSON.parse(filter.process(JSON.stringify({ log: line }))).oom.unproven, true);
});

test("a user's own rules tell whose a cgroup is", () => {
  const log = [
    "Task in /grid/bunny-7/frame-12 killed as a result of limit of /grid/bunny-7",
    "Memory cgroup out of memory: Kill process 7 (maya) score 900 or sacrifice child",
    "Killed process 7 (maya) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
  ];
  const rules = "grid /grid/(?<id>\\w+-\\d+)(/(?<part>frame-\\d+))?";
  const expected = { system: "grid", id: "bunny-7", part: "frame-12" };
  const reader = new oom.Reader({ mode: "events", rules });
  assert.deepEqual(reader.push(`${log.join("\n")}\n`)[0].record.oom.workload, expected);
  const filter = new oom.Filter({ rules });
  assert.deepEqual(log.map((line) => filter.process({ log: line })).pop().oom.workload, expected);
  for (const Refuser of [oom.Reader, oom.Filter]) {
    assert.throws(() => new Refuser({ rules: "\ngrid /b[" }), /rule `grid \/b\[` in line 2: /);
  }
});

/** What must throw a TypeError, and the argument that it must name. */
const WRONG = [
  ["mode", () => new oom.Reader({ mode: 3 })],
  ["mode", () => new oom.Filter({ mode: "all" })],
  ["mode", () => oom.parse("", { mode: "" })],
  ["rules", () => new oom.Filter({ rules: ["a"] })],
  ["unproven", () => new oom.Reader({ unproven: "yes" })],
  ["options", () => new oom.Reader("events")],
  ["options", () => new oom.Filter(null)],
  ["startedAt", () => new oom.Filter({ startedAt: "2024-01-01" })],
  ["tag", () => new oom.Filter().process("{}", { tag: 5 })],
  ["time", () => new oom.Filter().process("{}", { time: "now" })],
  ["arrival", () => new oom.Filter().process("{}", "kern")],
  ["record", () => new oom.Filter().process(undefined)],
  ["record", () => new oom.Filter().process(5)],
  ["chunk", () => new oom.Reader().push({ length: -1 })],
  ["chunk", () => new oom.Reader().push([107])],
  ["chunk", () => new oom.Reader().push(null)],
  ["log", () => oom.parse({})],
  ["log", () => oom.parse([KILL])],
  ["log", () => oom.parse()],
  ["chunks", () => oom.read(KILL)],
  ["chunks", () => oom.read({})],
  ["module", () => oom.init(fetch)],
  ["value", () => oom.toJson(undefined)],
  ["value", () => oom.toJson((() => { const ring = {}; return (ring.ring = ring); })())],
];

test("a wrong argument is a TypeError that names it", () => {
  for (const [name, wrong] of WRONG) {
    assert.throws(wrong, (error) => error instanceof TypeError && error.message.startsWith(`${name} `), String(wrong));
  }
  assert.throws(() => new oom.Filter({ mode: "all" }), /annotate.*rewrite.*events.*"all"/);
});

test("a time that is none is an error", () => {
  for (const time of [new Date("never"), NaN, Infinity, -1]) {
    assert.throws(() => new oom.Filter({ startedAt: time }), (error) => error instanceof RangeError && /^startedAt /.test(error.message));
    assert.throws(() => new oom.Filter().process("{}", { time }), (error) => error instanceof RangeError && /^time /.test(error.message));
  }
});

test("what was freed says so, and can be freed again", () => {
  for (const [name, uses] of [
    ["Reader", [(reader) => reader.push(""), (reader) => reader.end(), (reader) => reader.lines, (reader) => reader.skipped]],
    ["Filter", [(filter) => filter.process("{}"), (filter) => filter.end()]],
  ]) {
    const freed = new oom[name]();
    freed.free();
    freed.free();
    for (const use of uses) assert.throws(() => use(freed), { name: "Error", message: `this ${name} was freed` });
    if (Symbol.dispose) {
      const disposed = new oom[name]();
      disposed[Symbol.dispose]();
      assert.throws(() => uses[0](disposed), /was freed/);
    }
  }
});

/** The same log in every way that it may be handed in. */
function forms(log) {
  const bytes = Buffer.from(log);
  const little = Buffer.from(log, "utf16le");
  const big = Buffer.from(little).swap16();
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return {
    string: log,
    "marked string": `\ufeff${log}`,
    Buffer: bytes,
    ArrayBuffer: buffer,
    DataView: new DataView(buffer),
    Int8Array: new Int8Array(buffer),
    SharedArrayBuffer: shared.buffer,
    "shared bytes": shared,
    "UTF-8 with its mark": Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
    "UTF-16, little end first": little,
    "UTF-16, big end first": big,
    "UTF-16 with its mark, little end first": Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
    "UTF-16 with its mark, big end first": Buffer.concat([Buffer.from([0xfe, 0xff]), big]),
    "bytes of another realm": runInNewContext("Uint8Array.from(bytes)", { bytes }),
  };
}

test("a log may be a string or bytes, in UTF-8 or UTF-16", () => {
  const log = `${KILL.replace("(a)", "(ü)")}\nusb 1-1: new device\n${KILL}`;
  for (const [name, form] of Object.entries(forms(log))) {
    const { kills, read } = oom.parse(form);
    assert.deepEqual(kills.map(({ number, record }) => [number, record.oom.victim.comm]), [[1, "ü"], [3, "a"]], name);
    assert.equal(read, 3, name);
    if (typeof form === "string") continue;
    const bytes = ArrayBuffer.isView(form) ? new Uint8Array(form.buffer, form.byteOffset, form.byteLength) : new Uint8Array(form);
    for (const size of [1, 3, 64]) {
      const reader = new oom.Reader({ mode: "events" });
      const found = [];
      for (let at = 0; at < bytes.length; at += size) found.push(...reader.push(bytes.subarray(at, at + size)));
      found.push(...reader.end());
      assert.deepEqual(found.map(({ record }) => record.oom.victim.comm), ["ü", "a"], `${name} in pieces of ${size}`);
    }
  }
  assert.deepEqual(oom.parse("a"), { kills: [], lines: [], read: 1, skipped: 0 });
  assert.deepEqual(oom.parse(new Uint8Array()), { kills: [], lines: [], read: 0, skipped: 0 });
});

test("a log is read in every mode", () => {
  const log = `${HEADER}\nusb 1-1: new device\n${KILL}`;
  const numbers = (mode) => oom.parse(log, { mode }).lines.map(({ number }) => number);
  assert.deepEqual([numbers("annotate"), numbers("rewrite"), numbers("events")], [[1, 3], [3], [3]]);
});

test("console.log of a kill shows its record", () => {
  const [kill] = required.parse(KILL).kills;
  assert.match(inspect(kill), /^Line \{\s+number: 1,\s+record: \{[^]*victim: \{\s+pid: 42/);
  assert.match(inspect([kill]), /pid: 42/);
});

test("a line of more than a mebibyte is counted, not read", () => {
  const { kills, read, skipped } = oom.parse(`${"x".repeat(2 << 20)} ${KILL}\n${KILL}`);
  assert.deepEqual([kills.length, kills[0].number, read, skipped], [1, 2, 2, 1]);
});
