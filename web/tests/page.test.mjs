// The page in a real browser: what a person does with it, and what an attacker tries.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { chromium as playwright } from "playwright-core";

import { chromium, dist, objects, page as pageFolder, scratch, serve, suites, top } from "./lib.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** All the page may weigh, packed. */
const MOST_BYTES = 204 * 1024;
const KILL = "Out of memory: Killed process 42 (NAME) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
/** Events that are a kill, by the kernel or another program. */
const KILLS = ["kill", "evicted"];
const MARKUP = "<img src=x onerror=hacked=1>";
/** A kill in a cgroup of any name: that of a process has at most 15 bytes. */
const IN_CGROUP = [
  `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/x/${MARKUP},task_memcg=/x/${MARKUP},task=NAME,pid=42,uid=0`,
  KILL.replace("Out", "Memory cgroup out"),
].join("\n");

const executablePath = chromium();
const skip = executablePath ? false : "there is no Chromium; `apt-get install chromium` brings it";
const folder = scratch();
let browser;
let server;
let address;

before(async () => {
  if (skip) return;
  server = await serve(dist);
  address = `${server.address}page/`;
  browser = await playwright.launch({ executablePath, args: ["--no-sandbox"] });
});
after(async () => {
  await browser?.close();
  server?.stop();
});

/** The page, opened; everything it should not do is an error at the end of the test. */
async function open(context, { url = address, ...options } = {}) {
  const page = await browser.newPage({ reducedMotion: "reduce", ...options });
  const wrong = [];
  let isLoaded = false;
  page.on("pageerror", (error) => wrong.push(`error: ${error.stack}`));
  page.on("console", (message) => wrong.push(`console: ${message.text()}`));
  page.on("request", (request) => {
    if (isLoaded && !/^(blob|data):/.test(request.url())) wrong.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("html[data-ready]");
  isLoaded = true;
  context.after(async () => {
    await page.close();
    assert.deepEqual(wrong, []);
  });
  return page;
}

const status = (page) => page.textContent("#status");
const isDone = (page) => page.waitForSelector("#busy", { state: "hidden" });

/** Gives the page a file, and waits until it is read. */
async function give(page, name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  await page.setInputFiles("#file", path);
  await page.waitForFunction(() => !document.querySelector("#status").textContent.startsWith("Reading"));
  await isDone(page);
}

async function example(page, name) {
  await page.click(`[data-example=${name}]`);
  await page.waitForSelector(".kill[data-ready]");
  await isDone(page);
}

/** What the button for all kills downloads. */
async function downloaded(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.press("#download", "Enter")]);
  assert.equal(download.suggestedFilename(), "oom-kills.ndjson");
  return objects(readFileSync(await download.path(), "utf8"));
}

/** What it would download: a browser lets no page download one file after the other. */
async function linked(page) {
  return objects(await page.evaluate(async () => (await fetch(document.getElementById("download").href)).text()));
}

async function withoutViolations(page, what) {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = await page.evaluate(() => axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(" | ")}`);
  assert.deepEqual(found, [], what);
}

test("it weighs little", () => {
  const files = readdirSync(pageFolder).map((name) => gzipSync(readFileSync(join(pageFolder, name)), { level: 9 }).length);
  const sum = files.reduce((a, b) => a + b);
  assert.ok(sum <= MOST_BYTES, `${sum} bytes`);
});

test("every suite gives the Fluent Bit module's kills", { skip }, async (context) => {
  const page = await open(context, { bypassCSP: true });
  let compared = 0;
  for (const suite of suites()) {
    const expected = suite.expected.annotate;
    if (!expected || suite.fresh) continue;
    await give(page, `${suite.name}.${suite.form}`, suite.bytes);
    const given = objects(suite.bytes.toString()).filter(({ oom }) => oom).map(({ oom }) => oom.id);
    const kills = expected.filter(({ oom }) => KILLS.includes(oom?.event) && !given.includes(oom.id));
    if (kills.length === 0) {
      assert.match(await status(page), /^(No |A process was killed: this text has its report)/, suite.name);
      continue;
    }
    // Those of other programs are counted apart.
    const byKernel = kills.filter(({ oom }) => oom.killer === "kernel").length;
    const said = byKernel > 0 ? `^${byKernel} process(es were| was) killed` : "^No kill by the kernel\\.";
    assert.match(await status(page), new RegExp(said), suite.name);
    compared += kills.length;
    const found = await linked(page);
    assert.deepEqual(found.map(({ oom }) => oom), kills.map(({ oom }) => oom), suite.name);
  }
  assert.ok(compared > 80, `${compared} kills compared`);
});

/** A report of one kill at the limit of a cgroup. */
const reportIn = (victim, limit = victim) => [
  "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
  "memory: usage 4kB, limit 4kB, failcnt 1",
  `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${limit},task_memcg=${victim},task=a,pid=7,uid=0`,
  "Memory cgroup out of memory: Killed process 7 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0",
].join("\n");

test("what to do fits whoever owns the cgroup", { skip }, async (context) => {
  const page = await open(context);
  const id = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
  const user = "/user.slice/user-1000.slice/user@1000.service/app.slice";
  const slurm = "/system.slice/slurmstepd.scope/job_42";
  for (const [paths, said, unsaid] of [
    [[`${slurm}/step_0/user/task_0`, slurm], "sacct -j 42 ", "systemctl"],
    [["/pbs_jobs.service/jobid/12.srv"], "qstat -fx 12.srv", "systemctl"],
    [["/qemu.slice/105.scope"], "qm config 105", "systemctl"],
    [[`/docker/${id}`], "--memory of docker run", "limits.memory"],
    [["/nomad.slice/share.slice/8e2f0b5c-3a84-9d5e-4c2b-0f8f6f0f1a11.web.scope"], "nomad alloc status 8e2f0b5c", "systemctl"],
    [["/lxc/web"], "limits.memory of the instance", "docker"],
    [[`/kubepods/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb/${id}`], "raise limits.memory", "docker"],
    [["/system.slice/nginx.service"], "systemctl status nginx.service", "limits.memory"],
    [[`${user}/app-gnome-slack-96235.scope`], "systemctl --user status app-gnome-slack-96235.scope", "limits.memory"],
  ]) {
    await give(page, "owner.log", reportIn(...paths));
    const body = await page.locator(".kill[data-ready] .answers").textContent();
    assert.ok(body.includes(said), `${paths}: ${body}`);
    assert.ok(!body.includes(unsaid), `${paths}: ${body}`);
  }
});

test("a user's own rules name the owner, and a wrong one is named", { skip }, async (context) => {
  const page = await open(context);
  const rule = String.raw`grid /grid/(?<id>\w+-\d+)`;
  const log = reportIn("/grid/bunny-7/frame-12", "/grid");
  await give(page, "grid.log", log);
  assert.doesNotMatch(await page.locator(".toggle").first().textContent(), /in grid bunny-7/);
  await page.locator("details:has(#rules) summary").click();
  await page.fill("#rules", rule);
  await give(page, "grid.log", log);
  assert.match(await page.locator(".toggle").first().textContent(), /was killed in grid bunny-7:/);
  await page.fill("#rules", `${rule}\ngrid /b[`);
  await give(page, "grid.log", log);
  assert.match(await status(page), /rule `grid \/b\[` in line 2: /);
});

for (const [name, count, word] of [
  ["container", 1, "Container limit"],
  ["node", 1, "Whole machine"],
  ["group", 4, "Container limit"],
  ["storm", 22, "Container limit"],
]) {
  test(`the example ${name}`, { skip }, async (context) => {
    const page = await open(context);
    await example(page, name);
    assert.match(await status(page), new RegExp(`^${count} process`));
    const first = page.locator(".kill").first();
    assert.equal(await first.locator(".badge").textContent(), word);
    assert.equal(await first.locator(".toggle").getAttribute("aria-expanded"), "true");
    assert.equal(await page.locator(".timeline").count(), count > 1 ? 1 : 0);
    for (const text of ["What happens now", "What to do", "What this log cannot tell"]) {
      assert.equal(await first.getByText(text, { exact: true }).count(), 1, text);
    }
  });
}

test("newest first, and more on demand", { skip }, async (context) => {
  const page = await open(context);
  const log = Array.from({ length: 45 }, (_, index) => `[${index + 1}.000000] ${KILL.replace("42", String(100 + index))}\n`);
  await give(page, "many.log", log.join(""));
  const sentences = () => page.locator(".kill .toggle").allTextContents();
  assert.match((await sentences())[0], /\(pid 144\)/);
  assert.equal((await sentences()).length, 20);
  await page.click("#more");
  await page.click("#more");
  assert.match((await sentences())[44], /\(pid 100\)/);
  assert.ok(await page.isHidden("#more"));
});

test("members of a group lead to each other", { skip }, async (context) => {
  const page = await open(context);
  await example(page, "group");
  await page.getByRole("link", { name: /chosen/ }).first().click();
  const card = page.locator(".kill", { hasText: "'chosen'" }).last();
  await card.locator(".pictures").waitFor();
  assert.match(await card.locator(".body").textContent(), /none of its processes is left/);
  assert.equal(await page.evaluate(() => document.activeElement.className), "toggle");
});

test("a figure tells its meaning, its unit and its line", { skip }, async (context) => {
  const page = await open(context);
  await example(page, "container");
  const limit = page.locator(".account .figure").nth(1);
  await limit.hover();
  const tip = page.locator("#tip");
  await tip.waitFor({ state: "visible" });
  const text = (await tip.textContent()).replaceAll("\u202f", " ");
  assert.match(text, /Memory limit.*20 971 520 bytes.*most this cgroup may use.*Line 29 of the text.*limit 20480kB/s);
  assert.equal(await tip.locator("mark").textContent(), "20480");
  await page.mouse.move(0, 0);
  await tip.waitFor({ state: "hidden" });
  await limit.click();
  await tip.getByRole("button", { name: "Show it in the report" }).click();
  const line = page.locator(".lines li.shown");
  assert.match(await line.textContent(), /memory: usage 20480kB, limit 20480kB/);
  assert.ok(await line.isVisible());
});

test("every figure of the record is in the table, with words for it", { skip }, async (context) => {
  const page = await open(context);
  const schema = JSON.parse(readFileSync(join(top, "filter/schema/oom.schema.json"), "utf8"));
  const known = await page.evaluate(() => ({ fields: Object.keys(FIELDS), others: [...NO_FIGURES] }));
  const pathsOf = (node, path) => {
    const { properties, type } = node.$ref ? schema.$defs[node.$ref.split("/").at(-1)] : node;
    if (type === "array" || known.others.includes(path)) return [];
    if (!properties) return [path];
    return Object.entries(properties).flatMap(([key, inner]) => pathsOf(inner, path ? `${path}.${key}` : key));
  };
  const paths = pathsOf(schema, "");
  assert.ok(paths.length > 80, `${paths.length} fields`);
  assert.deepEqual(paths.filter((path) => !known.fields.includes(path)), []);
  for (const name of ["container", "node", "group"]) {
    await example(page, name);
    await page.locator(".kill .figures summary").first().click();
    const table = await page.locator(".kill .figures table").first().textContent();
    assert.doesNotMatch(table, /no words for/);
    for (const word of ["Process id", "Anonymous memory", "Kernel", "Time"]) assert.ok(table.includes(word), word);
  }
});

test("the record can be copied, and the link carries no data", { skip }, async (context) => {
  const page = await open(context, { permissions: ["clipboard-read", "clipboard-write"], url: `${address}?x=secret#y` });
  await example(page, "container");
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.locator(".kill .json summary").click();
  await page.getByRole("button", { name: "Copy the record" }).click();
  await page.getByText("Copied").waitFor();
  const record = JSON.parse(await clipboard());
  assert.deepEqual(record, (await downloaded(page))[0]);
  assert.equal(record.oom.victim.comm, "java");
  await page.getByRole("button", { name: "Copy a link to this page" }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("http"));
  assert.equal(await clipboard(), address);
});

test("what is pasted is read at once; much of it stays out of the text box", { skip }, async (context) => {
  const page = await open(context, { permissions: ["clipboard-read", "clipboard-write"] });
  const paste = async (text) => {
    await page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await page.focus("#text");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.press("ControlOrMeta+v");
  };
  await paste(KILL);
  await page.getByText("'NAME' (pid 42)").first().waitFor();
  await paste(`${"nothing\n".repeat(40000)}${KILL.replace("42", "43")}`);
  await page.getByText("(pid 43)").first().waitFor();
  assert.equal(await page.inputValue("#text"), KILL);
});

test("a file can be dropped", { skip }, async (context) => {
  const page = await open(context);
  const data = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.log"));
    return data;
  }, KILL);
  await page.dispatchEvent("h1", "drop", { dataTransfer: data });
  await page.getByText("(pid 42)").first().waitFor();
  assert.match(await page.textContent("#source"), /dropped\.log/);
});

/**
 * What the page says of each text: `stuck`, those that it did not bring to an end, `wide`, those wider than the window,
 * and `cards`, what each card of the others says, opened.
 */
function readAll(page, texts) {
  return page.evaluate(async (texts) => {
    const stuck = [];
    const wide = [];
    const cards = [];
    const until = async (test) => {
      for (let turn = 0; turn < 2000; turn += 1) {
        if (test()) return true;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return false;
    };
    for (const { name, text } of texts) {
      explain([named(text, "a text")]);
      const isRead = await until(() => document.getElementById("busy").hidden);
      const found = [...document.querySelectorAll(".kill")];
      for (const card of found) {
        const toggle = card.querySelector(".toggle");
        if (toggle.getAttribute("aria-expanded") !== "true") toggle.click();
      }
      if (!isRead || !(await until(() => found.every(({ dataset }) => dataset.ready)))) stuck.push(name);
      if (document.documentElement.scrollWidth > innerWidth) wide.push(name);
      for (const card of found.slice(0, 3)) for (const details of card.querySelectorAll("details")) details.open = true;
      const records = new Map(kills.map(({ number, json }) => [`kill-${number}`, json]));
      for (const card of found) {
        cards.push({
          name,
          said: ["h2", ".facts", ".answers", ".pictures"].map((part) => card.querySelector(part)?.textContent ?? "").join("\n"),
          oom: JSON.parse(records.get(card.id) ?? `{"oom":{}}`).oom,
          badge: card.querySelector(".badge").textContent,
          hasTable: card.querySelector(".tasks") !== null,
          hasVictim: card.querySelector(".tasks .victim") !== null,
          places: [...card.querySelectorAll(".node:has(.place)")].map((node) => [node.firstChild.textContent, node.querySelector(".place").textContent]),
        });
      }
    }
    return { stuck, wide, cards };
  }, texts);
}

/** Sentences that are surer than the text, each with what makes it false: `text`, what was read, and a card of it. */
const FALSEHOODS = [
  [/suppressed report|kernel left out this one's report/, ({ text }) => !/callbacks suppressed/.test(text) && text.split(/invoked oom-killer|oom-kill:/).length <= 10],
  [/smaller process(es are| is) not shown/, ({ card }) => card.oom.victim !== undefined && !card.hasVictim],
  [/Whole machine/, ({ card }) => ["cpuset", "memory_policy"].includes(card.oom.constraint) && /Whole machine/.test(card.badge)],
  [/goes on/, ({ text, card }) => /Kernel panic - not syncing: (Out of memory|System is deadlocked on memory)/.test(text) && !/Nothing goes on/.test(card.said)],
  [/largest processes below/, ({ card }) => !card.hasTable],
  [/Unknown who was killed/, () => true],
  [/container/, ({ card }) => card.places.some(([name, place]) => place === "container" && /^(ns|[a-z]+\.slice|init\.scope)$/.test(name))],
  // Incus and LXD call their own limit so.
  [/kubectl|Kubernetes|kubelet|limits\.memory(?! of the instance)|emptyDir/, ({ text, card }) => /^(docker|podman)$/.test(card.oom.container?.runtime) && !card.oom.pod && !/kube/.test(text)],
  [/limit of [^;]*; it held/, () => true],
  [/what the kernel chose|whom the kernel chose|The kernel then chose/, ({ card }) => (card.oom.killer ?? "kernel") !== "kernel"],
  [/undefined|NaN|\[object/, () => true],
];

function falsehoods(text, card) {
  return FALSEHOODS.filter(([sentence, isFalse]) => sentence.test(`${card.badge}\n${card.said}`) && isFalse({ text, card }))
    .map(([sentence]) => `${card.name}: ${sentence}`);
}

test("each sentence that is surer than the text would be found", () => {
  const card = { name: "a", said: "", oom: {}, badge: "", hasTable: false, hasVictim: false, places: [] };
  const text = "Kernel panic - not syncing: Out of memory";
  for (const changed of [
    { said: "a suppressed report" },
    { said: "30 smaller processes are not shown", oom: { victim: {} } },
    { badge: "Whole machine", oom: { constraint: "cpuset" } },
    { said: "The container goes on running" },
    { said: "Look at the largest processes below" },
    { said: "Unknown who was killed" },
    { said: "nscontainer", places: [["ns", "container"]] },
    { said: "Set limits.memory", oom: { container: { runtime: "docker" } } },
    { said: "at its limit of 20.0 MiB; it held 20.4 MiB" },
    { said: "is whom the kernel chose", oom: { killer: "earlyoom" } },
    { said: "undefined bytes" },
  ]) {
    assert.equal(falsehoods(text, { ...card, ...changed }).length, 1, JSON.stringify(changed));
  }
  assert.deepEqual(falsehoods(text, card), []);
});

test("no record breaks the page or makes it surer than the text: every suite, and reports that lack a part", { skip }, async (context) => {
  const page = await open(context, NARROW);
  const whole = suites().filter(({ fresh }) => !fresh).map(({ name, bytes }) => ({ name, text: bytes.toString() }));
  const reports = ["container", "node"]
    .map((name) => readFileSync(new URL(`../page/examples/${name}.log`, import.meta.url), "utf8"))
    .map((text) => text.split("\n").slice(0, 130));
  const broken = reports.flatMap((lines, report) => lines.flatMap((_, index) => [
    lines.slice(0, index + 1), lines.slice(index), lines.toSpliced(index, 1),
  ].map((lines, cut) => ({ name: `report ${report}, cut ${cut} at ${index}`, text: lines.join("\n") }))));
  assert.ok(broken.length > 400, `${broken.length} texts`);
  await nothingIsWrong(page, [...whole, ...broken]);
});

/** The narrowest window that a page has to fit: 1280 pixels at 400 %. */
const NARROW = { viewport: { width: 320, height: 800 } };

async function nothingIsWrong(page, texts) {
  const { stuck, wide, cards } = await readAll(page, texts);
  assert.deepEqual(stuck, []);
  assert.deepEqual(wide, [], "wider than the window");
  assert.ok(cards.length > 80, `${cards.length} cards`);
  const byName = new Map(texts.map(({ name, text }) => [name, text]));
  assert.deepEqual(cards.flatMap((card) => falsehoods(byName.get(card.name), card)), []);
}

/** Logs that people posted, which lie beside the project where it is developed. */
const corpus = ["articles", "corpus"].flatMap((name) => {
  const folder = join(top, "../shared", name);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.filter((file) => file.endsWith(".log")).map((file) => ({ name: file, text: readFileSync(join(folder, file), "utf8") }));
});
const withoutCorpus = corpus.length === 0 ? "there is no corpus beside the project" : skip;

test("no log that people posted breaks the page or makes it surer than the text", { skip: withoutCorpus }, async (context) => {
  await nothingIsWrong(await open(context, NARROW), corpus);
});

/** What the card of the newest kill says. */
async function answers(page) {
  await page.waitForSelector(".kill[data-ready]");
  return page.locator(".kill[data-ready]").first().textContent();
}

test("it is no surer than the paste", { skip }, async (context) => {
  const page = await open(context);
  await give(page, "grep.log", `[100.000001] Memory cgroup out of memory: Killed process 7 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB`);
  assert.match(await answers(page), /this text has no report of the kill\. Paste the 80 lines before it/);
  assert.doesNotMatch(await answers(page), /suppressed|largest processes below/);
  const reports = Array.from({ length: 10 }, (_, index) =>
    reportIn("/a").split("\n").map((line) => `[100.${String(index).padStart(6, "0")}] ${line.replaceAll("7", String(20 + index))}`).join("\n"));
  await give(page, "storm.log", `${reports.join("\n")}\n[101.000000] Memory cgroup out of memory: Killed process 77 (b) total-vm:8kB, anon-rss:4kB, file-rss:0kB`);
  assert.match(await answers(page), /Kills came so fast that the kernel left out this one's report/);
  const policy = "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\noom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/,mems_allowed=0-1,global_oom,task_memcg=/x,task=a,pid=7,uid=0\n";
  await give(page, "policy.log", policy + KILL.replace("42", "7").replace("NAME", "a"));
  assert.match(await answers(page), /Part of the machine/);
  assert.doesNotMatch(await answers(page), /kubelet/);
});

test("what was not read is told, and what was changed on its way is mended", { skip }, async (context) => {
  const page = await open(context);
  await give(page, "cut.log", `he said: ${KILL.slice(0, 40)}`);
  assert.match(await status(page), /^No kill could be read, but 1 line looks like one/);
  assert.match(await page.textContent("#unread"), /he said: Out of memory: Killed process/);
  assert.ok(await page.isHidden("#nothing"));
  const stamped = reportIn("/machine.slice/some-long-name.service/and-a-directory").split("\n")
    .map((line, index) => `[  100.00000${index}] ${line}`);
  const one = async (name, content, note) => {
    await give(page, name, content);
    assert.match(await status(page), /^1 process was killed/, name);
    assert.match(await answers(page), /reached its memory limit of 4\.0 KiB/, name);
    assert.match(await page.textContent("#notes"), note, name);
  };
  await one("wrapped.log", stamped.flatMap((line) => line.match(/.{1,80}/g)).join("\n"), /joined again/);
  // Between words, as mails have it: a line that goes on ends with a blank.
  await one("flowed.log", stamped.flatMap((line) => line.match(/.{1,71}(?: |$)|.{1,72}/g)).join("\n"), /joined again/);
  await one("turned.log", stamped.toReversed().join("\n"), /turned round/);
  await one("le.log", Buffer.from(`\ufeff${stamped.join("\r\n")}`, "utf16le"), /^$/);
  await one("no-mark.log", Buffer.from(stamped.join("\r\n"), "utf16le"), /^$/);
  await one("be.log", Buffer.from(`\ufeff${stamped.join("\n")}`, "utf16le").swap16(), /^$/);
  await give(page, "twice.log", `${stamped.join("\n")}\n\n${stamped.join("\n")}\n`);
  assert.match(await status(page), /^1 process was killed/);
});

test("files are told for what they are; several are read, joined and cut ones too", { skip }, async (context) => {
  const page = await open(context, { bypassCSP: true });
  for (const [name, content, said] of [
    ["log.zip", Buffer.from("PK\x03\x04 and more", "latin1"), /is a zip archive/],
    ["photo.png", Buffer.from("\x89PNG and more", "latin1"), /is an image/],
    ["log.lz4", Buffer.from([4, 0x22, 0x4d, 0x18, 0]), /is packed with lz4.*“lz4 -d”/],
    ["program", Buffer.alloc(2000), /is binary/],
    ["empty", "", /is empty/],
  ]) {
    await give(page, name, content);
    assert.match(await status(page), /^Nothing could be read/, name);
    assert.match(await page.textContent("#notes"), said, name);
  }
  // Some browsers unpack it by themselves. It is KILL as `zstd` packs it.
  const zstd = Buffer.from("KLUv/QRogQIAT3V0IG9mIG1lbW9yeTogS2lsbGVkIHByb2Nlc3MgNDIgKE5BTUUpIHRvdGFsLXZtOjhrQiwgYW5vbi1yc3M6NGtCLCBmaWxlLXJzczowa0JVL9xy", "base64");
  await give(page, "log.zst", zstd);
  if (/^1 process was killed/.test(await status(page))) assert.equal(await page.textContent("#notes"), "");
  else assert.match(await page.textContent("#notes"), /is packed with zstd, which this browser cannot unpack\. Unpack it with “zstd -d”/);
  const part = (pid) => gzipSync(`${"x\n".repeat(100000)}${KILL.replace("42", pid)}\n`);
  await give(page, "joined.gz", Buffer.concat([part("1"), part("2"), part("3")]));
  assert.match(await status(page), /^3 processes were killed/);
  const random = Array.from({ length: 30000 }, () => `${Math.random()}\n`).join("");
  await give(page, "cut.gz", gzipSync(`${KILL}\n${random}`).subarray(0, 60000));
  assert.match(await status(page), /^1 process was killed/);
  assert.match(await page.textContent("#notes"), /cut\.gz is cut or damaged/);
  assert.equal((await linked(page)).length, 1);
  const paths = ["one", "two"].map((name, index) => join(folder, name + ".log"));
  for (const [index, path] of paths.entries()) writeFileSync(path, `nothing\n${KILL.replace("42", String(index + 1))}\n`);
  await page.setInputFiles("#file", paths);
  await page.waitForFunction(() => document.querySelector("#status").textContent.startsWith("2 processes"));
  assert.match(await page.locator(".kill .facts").first().textContent(), /line 2 of two\.log/);
});

test("an explanation and the records can be taken away without names", { skip }, async (context) => {
  const page = await open(context, { bypassCSP: true, permissions: ["clipboard-read", "clipboard-write"] });
  await example(page, "container");
  const copied = async () => {
    await page.getByRole("button", { name: "Copy as Markdown" }).click();
    await page.getByText("Copied").waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const whole = await copied();
  assert.match(whole, /^\*\*OOM kill: Container limit\*\*\n```\n'java' \(pid/);
  assert.doesNotMatch(whole, /\[\[/);
  const [{ oom }] = await linked(page);
  await page.check("#redact");
  const secrets = ["java", oom.pod.uid, oom.container.id, oom.container.id.slice(0, 12), oom.cgroup.victim];
  for (const text of [await copied(), JSON.stringify(await linked(page))]) {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} in ${text}`);
    assert.match(text, /process-1/);
  }
});

/** A line of the journal as JSON, by that unit. */
const journal = (unit, MESSAGE, fields = {}) => JSON.stringify({
  MESSAGE, _TRANSPORT: "journal", _SYSTEMD_UNIT: unit, _COMM: unit.split(".")[0], _PID: "4052", _HOSTNAME: "n1",
  SYSLOG_IDENTIFIER: unit.split(".")[0], _BOOT_ID: "7", __REALTIME_TIMESTAMP: "1714903874414000", ...fields,
});
const kubelet = (message) => journal("kubelet.service", `I0617 16:18:42.212181    4052 eviction_manager.go:392] "Eviction manager: ${message}`, { _TRANSPORT: "stdout" });
const EVICTION = [
  kubelet(`must evict pod(s) to reclaim" resourceName="memory"`),
  kubelet(`pod is evicted successfully" pod="shop/web-2"`),
];
const WARNING = kubelet(`attempting to reclaim" resourceName="memory"`);
const KILL_BY_OOMD = journal("systemd-oomd.service",
  "Killed /system.slice/httpd.service due to memory pressure for /system.slice being 85.03% > 80.00% for > 2s with reclaim activity");
const KILL_BY_KERNEL = reportIn("/system.slice/web.service").split("\n")
  .map((MESSAGE) => JSON.stringify({ MESSAGE, _TRANSPORT: "kernel", SYSLOG_IDENTIFIER: "kernel", _HOSTNAME: "n1", _BOOT_ID: "7", __REALTIME_TIMESTAMP: "1714903874410000" }));
const WITNESS = journal("init.scope", "web.service: A process of this unit has been killed by the OOM killer.",
  { MESSAGE_ID: "fe6faa94e7774663a0da52717891d8ef", UNIT: "web.service", _PID: "1", _COMM: "systemd", SYSLOG_IDENTIFIER: "systemd" });

test("other programs that kill, evict, warn and witness are told as that, apart from the kernel", { skip }, async (context) => {
  const page = await open(context, { bypassCSP: true, permissions: ["clipboard-read", "clipboard-write"] });
  const card = async (name, lines) => {
    await give(page, name, lines.join("\n"));
    await page.waitForSelector(".kill[data-ready]");
    return page.locator(".kill[data-ready]").first().textContent();
  };
  const byOomd = await card("oomd.json", [KILL_BY_OOMD]);
  assert.match(await status(page), /^No kill by the kernel\. Killed by systemd-oomd: 1\./);
  assert.match(byOomd, /Killed by systemd-oomd.*All processes of the cgroup were killed at once.*ManagedOOMPreference=avoid.*It killed for pressure/s);
  assert.doesNotMatch(byOomd, /Limit unknown|whom the kernel chose|no table of processes/);
  const bySwap = KILL_BY_OOMD.replace(/due to .*activity/, "due to swap used (85) / total (90) being more than 90.00%");
  assert.match(await card("swap.json", [bySwap]), /because swap was almost full.*SwapUsedLimit=/s);

  const evicted = await card("evicted.json", EVICTION);
  assert.match(await status(page), /^No kill by the kernel\. Evicted by kubelet: 1\./);
  assert.match(evicted, /Evicted by kubelet.*The pod is ended.*kubectl describe pod -n shop web-2/s);
  assert.equal((await linked(page))[0].oom.event, "evicted");
  await page.check("#redact");
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await page.getByText("Copied").waitFor();
  for (const text of [await page.evaluate(() => navigator.clipboard.readText()), JSON.stringify(await linked(page))]) {
    assert.doesNotMatch(text, /shop|web-2/);
    assert.match(text, /Pod namespace-1\/pod-1 was evicted by kubelet/);
  }
  await page.uncheck("#redact");

  await give(page, "warning.json", WARNING);
  assert.match(await status(page), /^No OOM kill in this text, but 1 warning that memory is short/);
  assert.match(await page.textContent("#warnings"), /Memory is short, says kubelet/);
  assert.ok(await page.isHidden("#nothing"));

  const all = [...KILL_BY_KERNEL, WITNESS, KILL_BY_OOMD, ...EVICTION];
  await card("all.json", [...all, ...all]);
  assert.match(await status(page), /^1 process was killed by the kernel\. Killed by systemd-oomd: 1\. Evicted by kubelet: 1\..* 3 kills stand twice/);
  assert.match(await card("told.json", [...KILL_BY_KERNEL, WITNESS]), /Other programs tell of it, too: systemd in line 5/);
  await page.getByRole("button", { name: "Line 5 of the text" }).click();
  assert.match(await page.locator(".lines li.shown").textContent(), /A process of this unit has been killed/);
  // The kernel's lines come too, and none of this kill.
  const told = await card("witness.json", [...KILL_BY_KERNEL, WITNESS.replaceAll("web.service", "other.service")]);
  assert.match(told, /only another program tells of it.*journalctl -k.*another program alone tells of the kill/s);
});

test("a pod's name is shown where the filter found it, and not the name of who shipped the log", { skip }, async (context) => {
  const page = await open(context, { bypassCSP: true });
  const uid = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
  const id = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
  const names = journal("kubelet.service", `I0617 16:18:42.212181    4052 kubelet.go:2000] "SyncLoop (PLEG): event for pod" pod="shop/web-2" event={"ID":"${uid}","Type":"ContainerStarted","Data":"${id}"}`, { _TRANSPORT: "stdout" });
  const kill = (fields) => reportIn(`/kubepods/burstable/pod${uid}/${id}`).split("\n").map((MESSAGE) =>
    JSON.stringify({ MESSAGE, _TRANSPORT: "kernel", _HOSTNAME: "n1", _BOOT_ID: "7", __REALTIME_TIMESTAMP: "1714903874420000", ...fields }));
  const said = async (name, lines) => {
    await give(page, name, lines.join("\n"));
    await page.waitForSelector(".kill[data-ready]");
    return page.locator(".kill[data-ready]").first().textContent();
  };
  const named = await said("named.json", [names, ...kill({})]);
  assert.match(named, /pod shop\/web-2.*kubectl describe pod -n shop web-2/s);
  assert.doesNotMatch(named, /The names of pod/);
  const unnamed = await said("shipped.json", kill({ "k8s.pod.name": "agent", "k8s.namespace.name": "logging" }));
  assert.match(unnamed, /The names of pod, namespace and container/);
  assert.doesNotMatch(unnamed.split("The record, as JSON")[0], /agent|logging/);
});

test("kills can be listed by their place; Ctrl and Enter explain", { skip }, async (context) => {
  const page = await open(context);
  const kill = (place, pid) => reportIn(place).replaceAll("7", pid);
  await page.fill("#text", [kill("/a", "11"), kill("/a", "12"), kill("/b", "13")].join("\n"));
  await page.press("#text", "Control+Enter");
  await page.waitForFunction(() => document.querySelector("#status").textContent.startsWith("3 processes"));
  assert.equal(await page.evaluate(() => document.activeElement.id), "status");
  assert.deepEqual(await page.locator("#place option").allTextContents(),
    ["all places: 3 kills", "cgroup /a: 2 kills", "cgroup /b: 1 kill"]);
  await page.selectOption("#place", "cgroup /a");
  assert.equal(await page.locator(".kill").count(), 2);
});

test("journal JSON, /dev/kmsg and packed files are read", { skip }, async (context) => {
  const page = await open(context);
  const journal = JSON.stringify({ MESSAGE: KILL, _TRANSPORT: "kernel", __CURSOR: "c" });
  for (const [name, content] of [
    ["journal.json", journal],
    ["kmsg", `6,1,2000001,-;${KILL}\n SUBSYSTEM=x\n`],
    ["dos.log", `one\r\n[    2.000001] ${KILL}\r\n`],
    ["log.gz", gzipSync(KILL)],
  ]) {
    await give(page, name, content);
    assert.match(await status(page), /^1 process was killed/, name);
  }
  await give(page, "log.xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]));
  assert.match(await page.textContent("#notes"), /which this browser cannot unpack\. Unpack it with “xz -d”/);
});

test("a report without its kill is told as that", { skip }, async (context) => {
  const page = await open(context);
  const text = readFileSync(new URL("../page/examples/container.log", import.meta.url), "utf8");
  await give(page, "cut.log", text.split("\n").slice(0, -3).join("\n"));
  assert.match(await status(page), /^No kill in this text, but a part of an OOM report/);
  assert.match(await page.locator(".kill").textContent(), /broke off.*the line that says who was killed is not in this text/s);
  // The report names its victim, and the line of the kill was lost.
  const lines = text.split("\n").filter((line) => !/Killed process|oom_reaper/.test(line));
  await give(page, "lost.log", lines.join("\n"));
  assert.match(await status(page), /^A process was killed: this text has its report, and not the line of the kill/);
  assert.match(await page.locator(".kill").textContent(), /was killed.*the line of the kill itself is missing/s);
});

test("without an OOM line the page says what it looked for", { skip }, async (context) => {
  const page = await open(context);
  for (const [name, content] of [["none.log", "usb 1-1: new device\n"], ["blank.log", "\n"]]) {
    await give(page, name, content);
    assert.match(await status(page), /^No OOM kill in this text/);
    assert.match(await page.textContent("#nothing"), /invoked oom-killer.*systemd-oomd/s);
    assert.ok(await page.isVisible("#nothing"));
  }
  await example(page, "container");
  assert.ok(await page.isHidden("#nothing"));
});

test("a hostile name stays text", { skip }, async (context) => {
  const page = await open(context);
  const names = ["<img src=//x/y>", "<script>x=1</s>", "'\"><svg/onload=", "a\u202Egpj.exe", "\u0007\u200bx", "اسم", "[[kernel]]`x`"];
  for (const name of names) {
    await give(page, "hostile.log", IN_CGROUP.replaceAll("NAME", name));
    await page.locator(".kill[data-ready]").waitFor();
    assert.match(await page.locator(".kill .tree").textContent(), /<img src=x onerror=hacked=1>/, name);
    for (const summary of await page.locator(".kill summary").all()) await summary.click();
    assert.equal(await page.locator("#results :is(img, script, iframe, style, object, embed, svg:not(.bar))").count(), 0, name);
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  }
  const bidi = KILL.replace("NAME", "a\u202Eb");
  await give(page, `${encodeURIComponent(MARKUP)}.log`, bidi);
  await page.locator(".kill[data-ready]").waitFor();
  const card = page.locator(".kill");
  assert.equal(await card.locator(".toggle .invisible").textContent(), "U+202E");
  assert.ok(!(await card.textContent()).includes("\u202E"));
  assert.equal(await card.locator(".toggle bdi").first().textContent(), "aU+202Eb");
});

test("the page's policy forbids scripts and connections", { skip }, async (context) => {
  const page = await browser.newPage();
  context.after(() => page.close());
  await page.goto(address);
  const tried = await page.evaluate(async () => {
    const tried = {};
    const violated = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => violated.push(effectiveDirective));
    tried.fetch = await fetch("index.html").then(() => "done", () => "refused");
    try {
      document.body.innerHTML = "<p>";
      tried.html = "done";
    } catch {
      tried.html = "refused";
    }
    const script = document.createElement("script");
    try {
      script.textContent = "hacked = 1";
      document.body.append(script);
    } catch {
      // Refused already.
    }
    document.body.append(Object.assign(document.createElement("img"), { src: "x.png" }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { ...tried, hacked: globalThis.hacked, violated: [...new Set(violated)].sort() };
  });
  assert.equal(tried.fetch, "refused");
  assert.equal(tried.html, "refused");
  assert.equal(tried.hacked, undefined);
  assert.ok(tried.violated.includes("connect-src") && tried.violated.includes("img-src"), String(tried.violated));
});

test("it works from a disk", { skip }, async (context) => {
  const page = await open(context, { url: pathToFileURL(join(pageFolder, "index.html")).href });
  await example(page, "container");
  assert.equal((await downloaded(page)).length, 1);
});

test("the installed package works in a browser", { skip }, async (context) => {
  const page = await browser.newPage();
  context.after(() => page.close());
  // A page of the user's own, beside the package.
  const own = new URL("../package/own", address).href;
  await page.route(own, (route) => route.fulfill({ contentType: "text/html", body: "" }));
  await page.goto(own);
  const summary = await page.evaluate(async ([url, log]) => {
    const { parse } = await import(url);
    return parse(log).kills[0].record.oom.summary;
  }, [new URL("../package/index.js", address).href, KILL]);
  assert.match(summary, /'NAME' \(pid 42\)/);
});

test("a large log shows how far it is, and can be stopped", { skip }, async (context) => {
  const page = await open(context);
  const data = await page.evaluateHandle((kill) => {
    const filler = new Blob(["[    1.000000] usb 1-1: new high-speed USB device number 2\n".repeat(20000)]);
    const data = new DataTransfer();
    data.items.add(new File([kill, "\n", ...Array(1000).fill(filler)], "large.log"));
    return data;
  }, KILL);
  await page.dispatchEvent("h1", "drop", { dataTransfer: data });
  await page.locator("#progress-text", { hasText: "MiB of" }).waitFor();
  assert.equal(await page.getAttribute("#progress", "max"), "1");
  await page.click("#cancel");
  await isDone(page);
  assert.match(await status(page), /^1 process was killed\. Stopped after/);
  assert.equal((await downloaded(page)).length, 1);
});

test("all of it by the keyboard", { skip }, async (context) => {
  const page = await open(context);
  const press = async (key, until) => {
    for (let count = 0; count < 80; count += 1) {
      await page.keyboard.press(key);
      if (await page.evaluate((until) => document.activeElement.matches(until), until)) return;
    }
    assert.fail(`${until} is not reached`);
  };
  await press("Tab", "[data-example=container]");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".kill[data-ready]");
  await press("Tab", ".toggle");
  await press("Tab", ".account .figure");
  await page.locator("#tip").waitFor({ state: "visible" });
  await page.keyboard.press("Enter");
  await press("Tab", "#tip button");
  await page.keyboard.press("Enter");
  await page.locator(".lines li.shown").waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.matches(".lines li.shown")));
  await press("Tab", ".json summary");
  await page.keyboard.press("Enter");
  await page.locator(".json pre").waitFor();
  await press("Shift+Tab", ".account .figure");
  await page.keyboard.press("Escape");
  await page.locator("#tip").waitFor({ state: "hidden" });
});

test("by the keyboard alone from the paste to the download, in the order of the page", { skip }, async (context) => {
  const page = await open(context, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.evaluate((text) => navigator.clipboard.writeText(text), reportIn("/a"));
  const order = [];
  const until = async (selector) => {
    for (let count = 0; count < 80; count += 1) {
      await page.keyboard.press("Tab");
      const [name, isThere] = await page.evaluate((selector) => {
        const { activeElement: { id, tagName, textContent, type, dataset }, activeElement: element } = document;
        const at = element.getBoundingClientRect();
        const isSeen = element.matches("input[type=file]") || element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && at.width > 0;
        return [isSeen ? id || dataset.term || textContent.slice(0, 20) || type || tagName : `unseen ${tagName}`, element.matches(selector)];
      }, selector);
      order.push(name);
      if (isThere) return;
    }
    assert.fail(`${selector} is not reached: ${order}`);
  };
  await until("#text");
  await page.keyboard.press("ControlOrMeta+v");
  await page.waitForSelector(".kill[data-ready]");
  // From the text that is explained at once to what came of it.
  assert.equal(await page.evaluate(() => document.activeElement.id), "status");
  await until(".toggle");
  await page.keyboard.press("Enter");
  assert.equal(await page.getAttribute(".toggle", "aria-expanded"), "false");
  await page.keyboard.press("Space");
  assert.equal(await page.getAttribute(".toggle", "aria-expanded"), "true");
  await until(".kill .json summary");
  await until("#download");
  assert.deepEqual(order.filter((name) => name.startsWith("unseen")), []);
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(objects(readFileSync(await download.path(), "utf8"))[0].oom.victim.pid, 7);
  await until("#redact");
  await page.keyboard.press("Space");
  assert.ok(await page.isChecked("#redact"));
});

test("nothing is told by a colour alone where the reader's own colours are forced", { skip }, async (context) => {
  const page = await open(context, { forcedColors: "active", bypassCSP: true });
  await example(page, "storm");
  await example(page, "node");
  const colours = (selector) => page.evaluate((selector) => [...document.querySelectorAll(selector)].slice(0, 4).map((element) => {
    const style = getComputedStyle(element);
    return element instanceof SVGElement ? style.fill : style.backgroundColor;
  }), selector);
  const background = (await colours("body"))[0];
  for (const drawn of [".swatch", ".bar rect", ".badge"]) {
    const found = await colours(drawn);
    assert.ok(found.length > 0 && found.every((colour) => colour !== background), `${drawn}: ${found}`);
  }
  // Words say what the colours say.
  assert.match(await page.locator(".tasks .victim").first().textContent(), /killed/);
  assert.match(await page.locator(".key li").first().textContent(), /\w/);
  const outline = await page.locator(".killed").first().evaluate((element) => getComputedStyle(element).outlineStyle);
  assert.equal(outline, "solid");
  await withoutViolations(page, "with forced colours");
});

test("at 400 % nothing is cut off, and explanations stay inside the window", { skip }, async (context) => {
  // A window of 1280 by 1024 pixels at 400 %.
  const page = await open(context, { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 });
  for (const name of ["container", "node"]) {
    await example(page, name);
    for (const summary of await page.locator(".kill summary").all()) await summary.click();
    const wide = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((element) =>
      element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".scroll, .command code, #tip, .upload, svg")).map((element) => element.outerHTML.slice(0, 120)));
    assert.deepEqual(wide, [], name);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
    for (const button of [page.locator(".account .figure").first(), page.locator(".answers .term").first(), page.locator(".tasks .figure").last()]) {
      if (await button.count() === 0) continue;
      await button.scrollIntoViewIfNeeded();
      await button.click();
      const box = await page.locator("#tip").boundingBox();
      assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= 320 && box.y + box.height <= 256, `${name}: ${JSON.stringify(box)}`);
      await page.keyboard.press("Escape");
    }
  }
});

test("on paper it is dark on light, whole, and without what is there to be pressed", { skip }, async (context) => {
  const page = await open(context, { colorScheme: "dark" });
  await page.selectOption("#theme", "dark");
  await example(page, "node");
  await page.emulateMedia({ media: "print" });
  const seen = await page.evaluate(() => {
    const light = (colour) => colour.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
    const dark = [...document.querySelectorAll("h1, .toggle, .answers li, .picture p, .figure, .quiet")]
      .filter((element) => element.checkVisibility()).map((element) => light(getComputedStyle(element).color));
    const shown = [...document.querySelectorAll("textarea, #explain, #cancel, #theme, #download, .command button, .row button")].filter((element) => element.checkVisibility());
    return { lightest: Math.max(...dark), shown: shown.map(({ id, className }) => id || className) };
  });
  assert.ok(seen.lightest < 130, `${seen.lightest}`);
  assert.deepEqual(seen.shown, []);
});

for (const [name, options] of [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["narrow", { viewport: { width: 360, height: 740 } }],
]) {
  test(`nobody is shut out: ${name}`, { skip }, async (context) => {
    // The check itself is a script of others: the policy of the page would refuse it.
    const page = await open(context, { ...options, bypassCSP: true });
    await withoutViolations(page, "at first");
    for (const example_ of ["storm", "node", "container", "group"]) {
      await example(page, example_);
      for (const summary of await page.locator("summary").all()) await summary.click();
      await withoutViolations(page, example_);
    }
    await page.locator(".account .figure").first().click();
    await withoutViolations(page, "with a figure explained");
    await give(page, "others.json", [...KILL_BY_KERNEL, WITNESS, KILL_BY_OOMD, ...EVICTION, WARNING].join("\n"));
    await page.evaluate(() => document.querySelectorAll(".toggle[aria-expanded=false]").forEach((toggle) => toggle.click()));
    await page.waitForFunction(() => [...document.querySelectorAll(".kill")].every(({ dataset }) => dataset.ready));
    for (const summary of await page.locator(".kill summary").all()) await summary.click();
    await withoutViolations(page, "with other killers");
    await give(page, "cut.log", `he said: ${KILL.slice(0, 40)}`);
    await withoutViolations(page, "with a line that could not be read");
    await give(page, "none.log", "nothing");
    await withoutViolations(page, "without a kill");
    const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
    assert.ok(scroll <= width, `${scroll} of ${width} pixels`);
  });
}

test("the colours can be chosen, and stay chosen", { skip }, async (context) => {
  const own = await browser.newContext({ colorScheme: "light" });
  context.after(() => own.close());
  const page = await own.newPage();
  await page.goto(address);
  const colour = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await colour(page);
  await page.selectOption("#theme", "dark");
  assert.notEqual(await colour(page), light);
  const later = await own.newPage();
  await later.goto(address);
  await later.waitForSelector("html[data-ready]");
  assert.notEqual(await colour(later), light);
  await later.selectOption("#theme", "system");
  assert.equal(await colour(later), light);
});
