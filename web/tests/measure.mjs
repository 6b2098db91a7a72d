// The figures of ../README.md: what the page weighs, how fast it is in this browser, and the package in this Node.
//
// node measure.mjs
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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
const gigabyte = await ordinary();
console.log(`1 GB of ordinary log: ${(gigabyte.time / 1000).toFixed(1)} s\n    ${gigabyte.status}`);
await browser.close();
server.stop();

/** Milliseconds for a file of a gigabyte and one report. */
async function ordinary() {
  const page = await browser.newPage();
  await page.goto(`${server.address}page/`);
  await page.waitForSelector("html[data-ready]");
  const found = await page.evaluate(async () => {
    const part = new Blob(["[ 1000.000000] IPv6: ADDRCONF(NETDEV_CHANGE): veth1: link becomes ready\n".repeat(200_000)]);
    const file = new File([...Array(Math.ceil(1e9 / part.size)).fill(part), EXAMPLES.container], "large.log");
    await new Promise((resolve) => setTimeout(resolve, 500));
    const start = performance.now();
    explain([{ name: file.name, blob: file }]);
    while (!document.getElementById("busy").hidden) await new Promise((resolve) => setTimeout(resolve, 10));
    return { time: performance.now() - start, status: document.getElementById("status").textContent };
  });
  await page.close();
  return found;
}

/** Ordinary lines, of each kind 64 MiB in pieces of 256 KiB, through the package's Reader. */
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
const { Reader } = await import(pathToFileURL(join(dist, "package/index.js")).href);
for (const [name, line] of Object.entries(LINES)) {
  const parts = [];
  for (let size = 0, number = 0; size < 8 << 20; number += 1) size += parts[parts.push(line(number)) - 1].length;
  const chunk = new TextEncoder().encode(parts.join(""));
  const speeds = Array.from({ length: 5 }, () => {
    const reader = new Reader();
    const start = performance.now();
    for (let turn = 0; turn < 8; turn += 1) {
      for (let at = 0; at < chunk.length; at += 256 << 10) reader.push(chunk.subarray(at, at + (256 << 10)));
    }
    const time = performance.now() - start;
    reader.free();
    return (8 * chunk.length) / 1000 / time;
  });
  console.log(`Node ${process.version}, ${name}: median ${median(speeds).toFixed(0)} MB/s, slowest ${Math.min(...speeds).toFixed(0)}`);
}
