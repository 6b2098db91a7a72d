// The figures of ../README.md: what the page weighs, and how fast it is in this browser.
//
// node measure.mjs
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { chromium as playwright } from "playwright-core";

import { chromium, dist, page as folder, serve } from "./lib.mjs";

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const median = (numbers) => sorted(numbers)[numbers.length >> 1];

const sizes = readdirSync(folder).map((name) => {
  const bytes = readFileSync(join(folder, name));
  return [name, bytes.length, gzipSync(bytes, { level: 9 }).length];
});
for (const [name, size, packed] of sizes) console.log(`${name.padEnd(14)} ${kib(size).padStart(10)}  gzip ${kib(packed).padStart(9)}`);
const [size, packed] = [1, 2].map((column) => sizes.reduce((sum, row) => sum + row[column], 0));
console.log(`${"all".padEnd(14)} ${kib(size).padStart(10)}  gzip ${kib(packed).padStart(9)}\n`);

const server = await serve(dist);
const browser = await playwright.launch({ executablePath: chromium(), args: ["--no-sandbox"] });
console.log(`Chromium ${browser.version()}`);

/** From a click to the opened card, drawn; in a page that was just loaded. */
async function firstResult() {
  const page = await browser.newPage();
  await page.goto(`${server.address}page/`);
  await page.waitForSelector("html[data-ready]");
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

/** Milliseconds for a file of 100 MiB, its kills, and the tasks of the page's thread above 50 ms. */
async function large(reportsToOrdinary) {
  const page = await browser.newPage();
  await page.goto(`${server.address}page/`);
  await page.waitForSelector("html[data-ready]");
  const found = await page.evaluate(async ([reports, ordinary]) => {
    const line = "[ 1000.000000] IPv6: ADDRCONF(NETDEV_CHANGE): veth1: link becomes ready\n";
    const parts = [];
    for (let size = 0, second = 0; size < 100 << 20; second += 1) {
      // No two reports are of the same time.
      const report = EXAMPLES.container.replaceAll("[    1.", `[${String(second).padStart(5)}.`);
      const part = report.repeat(reports) + line.repeat(ordinary);
      parts.push(part);
      size += part.length;
    }
    const file = new File(parts, "large.log");
    // What was made above is no task of the page.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
    const data = new DataTransfer();
    data.items.add(file);
    const start = performance.now();
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
    let bars = 0;
    while (!document.getElementById("busy").hidden) {
      bars = Math.max(bars, document.getElementById("progress").value);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const time = performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { time, bars, tasks, bytes: file.size, status: document.getElementById("status").textContent };
  }, reportsToOrdinary);
  await page.close();
  return found;
}

await firstResult();
const times = [];
for (let count = 0; count < 21; count += 1) times.push(await firstResult());
console.log(`first result of a 96-line report: median ${median(times).toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms of ${times.length}`);
for (const [name, mix] of [["a report in 10 000 lines", [1, 10000]], ["reports alone", [1, 0]]]) {
  const { time, bars, tasks, status } = await large(mix);
  const longest = tasks.length > 0 ? `${Math.max(...tasks)} ms` : "none above 50 ms";
  console.log(`100 MiB, ${name}: ${(time / 1000).toFixed(1)} s; progress seen up to ${(bars * 100).toFixed(0)} %; longest task: ${longest}\n    ${status}`);
}
await browser.close();
server.stop();
