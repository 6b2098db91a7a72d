// The pictures of ../README.md: node screenshots.mjs <folder>
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium as playwright } from "playwright-core";

import { chromium, page as folder } from "./lib.mjs";

const [, , out = "."] = process.argv;
const browser = await playwright.launch({ executablePath: chromium(), args: ["--no-sandbox"] });
for (const [name, colorScheme] of [["container", "light"], ["node", "light"], ["group", "dark"]]) {
  const page = await browser.newPage({ viewport: { width: 1060, height: 2600 }, colorScheme });
  await page.goto(pathToFileURL(join(folder, "index.html")).href);
  await page.waitForSelector("html[data-ready]");
  await page.click(`[data-example=${name}]`);
  await page.waitForSelector(".kill[data-ready]");
  if (name === "container") await page.locator(".account .figure").nth(1).click();
  // The newest kill, and what stands above it.
  const results = await page.locator("#results").boundingBox();
  const card = await page.locator(".kill").first().boundingBox();
  const clip = { ...results, height: card.y + card.height - results.y };
  await page.screenshot({ path: join(out, `web-${name}.png`), clip });
  await page.close();
}
await browser.close();
