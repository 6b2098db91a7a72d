// What the page weighs, how fast it is in this browser, and the package in this Node, as Markdown tables: a part of
// `cargo xtask bench`. --quick takes fewer turns.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { chromium as playwright } from "playwright-core";

import { chromium, dist, page as folder, serve, top } from "./lib.mjs";

const TURNS = process.argv.includes("--quick") ? { cards: 7, files: 1, pieces: 3 } : { cards: 21, files: 3, pieces: 5 };
const MIB = 1 << 20;
const PIECE = 256 << 10;

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** A table; figures stand to the right. */
function table(heads, rows) {
  const lines = [heads, heads.map((_, column) => (column === 0 ? "---" : "---:")), ...rows];
  console.log(`${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`);
}

/** Files that are dropped on the page: how many ordinary lines stand behind each report, and bytes. */
const FILES = [
  ["1 GB of ordinary log, a report in 200 000 lines", [200_000, 1e9]],
  ["100 MiB, a report in 10 000 lines", [10_000, 100 * MIB]],
  ["100 MiB of reports alone", [0, 100 * MIB]],
];
/** Ordinary lines. */
const LINES = {
  "dmesg, one line again and again": () => "[ 1000.000000] IPv6: ADDRCONF(NETDEV_CHANGE): veth1: link becomes ready\n",
  "dmesg, three kinds of lines": (number) => [
    `[ ${number}.000000] usb 1-1: new high-speed USB device number ${number % 120} using xhci_hcd\n`,
    `[ ${number}.000000] audit: type=1400 audit(1.2:3): apparmor="ALLOWED" operation="open" name="/proc/${number}/status"\n`,
    `[ ${number}.000000] EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: errors=remount-ro\n`,
  ][number % 3],
  "journal as JSON": (number) => `${JSON.stringify({
    __REALTIME_TIMESTAMP: String(1714903874414000 + number), _HOSTNAME: "n1", _TRANSPORT: "stdout", _SYSTEMD_UNIT: "nginx.service",
    _COMM: "nginx", _PID: "12", MESSAGE: `10.0.0.1 - - "GET /index.html?x=${number} HTTP/1.1" 200 ${number}`,
  })}\n`,
};

weights();
await inBrowser();
await inNode();

/** Parts of a log of so many bytes: reports, no two of the same time, each with ordinary lines behind it. */
function partsOf(report, lines, bytes) {
  const line = "[ 1000.000000] IPv6: ADDRCONF(NETDEV_CHANGE): veth1: link becomes ready\n";
  const ordinary = lines > 0 ? [new Blob([line.repeat(lines)])] : [];
  const parts = [];
  for (let size = 0, second = 0; size < bytes; second += 1) {
    const own = report.replaceAll("[    1.", `[${String(second).padStart(5)}.`);
    parts.push(own, ...ordinary);
    size += own.length + lines * line.length;
  }
  return parts;
}

function weights() {
  const sizes = readdirSync(folder).map((name) => {
    const bytes = readFileSync(join(folder, name));
    return [name, bytes.length, gzipSync(bytes, { level: 9 }).length];
  });
  const sums = [1, 2].map((column) => sizes.reduce((sum, row) => sum + row[column], 0));
  table(["file of the page", "size", "gzip"], [...sizes, ["**all**", ...sums]].map(([name, ...bytes]) => [name, ...bytes.map(kib)]));
}

async function inBrowser() {
  const server = await serve(dist);
  const browser = await playwright.launch({ executablePath: chromium(), args: ["--no-sandbox"] });
  const devtools = await browser.newBrowserCDPSession();
  /** Milliseconds of processor time that the browser's renderers took so far. */
  const used = async () => {
    const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
    return 1000 * processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  const open = async () => {
    const page = await browser.newPage();
    await page.goto(`${server.address}page/`);
    await page.waitForSelector("html[data-ready]");
    return page;
  };

  await firstResult(open);
  const cards = [];
  for (let count = 0; count < TURNS.cards; count += 1) cards.push(await firstResult(open));
  const rows = [["from the click to the opened card, drawn, a report of 96 lines", `${median(cards).toFixed(0)} ms`, "",
    `slowest of ${TURNS.cards} fresh pages ${Math.max(...cards).toFixed(0)} ms`]];
  for (const [name, size] of FILES) {
    const runs = [];
    for (let count = 0; count < TURNS.files; count += 1) {
      const page = await open();
      await page.evaluate(`self.parts = (${partsOf})(EXAMPLES.container, ${size})`);
      const before = await used();
      runs.push({ ...(await dropped(page)), used: (await used()) - before });
      await page.close();
    }
    const { time, used: processor, tasks, status } = runs.sort((a, b) => a.used - b.used)[0];
    const longest = tasks.length > 0 ? `longest task of the page ${Math.max(...tasks)} ms` : "no task of the page above 50 ms";
    rows.push([name, seconds(time), seconds(processor), `${status.split(". ")[0]}; ${longest}`]);
  }
  console.log(`Chromium ${browser.version()}; of a file the least processor time of ${TURNS.files}:\n`);
  table(["the page", "time", "processor", "what it found"], rows);
  await browser.close();
  server.stop();
}

/** From a click to the opened card, drawn; in a page that was just loaded. */
async function firstResult(open) {
  const page = await open();
  const time = await page.evaluate(() => new Promise((resolve) => {
    const start = performance.now();
    new MutationObserver((_, observer) => {
      if (!document.querySelector(".kill[data-ready]")) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    }).observe(document.getElementById("list"), { childList: true, subtree: true, attributes: true });
    document.querySelector("[data-example=container]").click();
  }));
  await page.close();
  return time;
}

/** Milliseconds for a file of these parts, and the tasks of the page's thread above 50 ms. */
function dropped(page) {
  return page.evaluate(async () => {
    const file = new File(self.parts, "large.log");
    // What was made above is no task of the page.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
    const data = new DataTransfer();
    data.items.add(file);
    const start = performance.now();
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
    while (!document.getElementById("busy").hidden) await new Promise((resolve) => setTimeout(resolve, 10));
    const time = performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { time, tasks, status: document.getElementById("status").textContent };
  });
}

async function inNode() {
  const { Reader } = await import(pathToFileURL(join(dist, "package/index.js")).href);
  const rows = [];
  for (const { name, bytes, times, mode } of readings()) {
    const speeds = Array.from({ length: TURNS.pieces }, () => {
      const reader = new Reader({ mode });
      const [start, before] = [performance.now(), process.cpuUsage()];
      for (let turn = 0; turn < times; turn += 1) {
        for (let at = 0; at < bytes.length; at += PIECE) reader.push(bytes.subarray(at, at + PIECE));
      }
      const time = performance.now() - start;
      const { user, system } = process.cpuUsage(before);
      reader.free();
      return [time, (user + system) / 1000].map((milliseconds) => (times * bytes.length) / 1000 / milliseconds);
    });
    const [wall, processor] = [0, 1].map((column) => Math.max(...speeds.map((speed) => speed[column])));
    rows.push([name, mode, wall.toFixed(0), processor.toFixed(0)]);
  }
  console.log(`Node ${process.version}; the best of ${TURNS.pieces} turns:\n`);
  table(["the package's `Reader`", "mode", "MB in a second", "MB in a second of processor time"], rows);
}

/** What is read in Node: ordinary lines, of each kind 64 MiB, and a file of reports, in pieces of 256 KiB. */
function readings() {
  const ordinary = Object.entries(LINES).map(([name, line]) => {
    const parts = [];
    for (let size = 0, number = 0; size < 8 * MIB; number += 1) size += parts[parts.push(line(number)) - 1].length;
    return { name, bytes: new TextEncoder().encode(parts.join("")), times: 8, mode: "annotate" };
  });
  const report = readFileSync(join(top, "web/page/examples/container.log"), "utf8");
  const bytes = new TextEncoder().encode(partsOf(report, ...FILES.at(-1)[1]).join(""));
  return [...ordinary, ...["annotate", "events"].map((mode) => ({ name: "reports alone", bytes, times: 1, mode }))];
}
