// What the tests share: where things are, the suites, a server, a browser.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after } from "node:test";

export const top = fileURLToPath(new URL("../..", import.meta.url));
/** Where the page and the package were built. */
export const dist = process.env.OOM_WEB ?? join(top, "dist/web");
export const page = join(dist, "page");

/** A record as an object; text that is none, as it is. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}

/** Lines of NDJSON as objects. */
export const objects = (text) => text.split("\n").slice(0, -1).map(parsed);

/** A folder that is gone after the tests. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "oom-web-"));
  after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Every suite as host-test/suite/examples/suites.rs tells of it, its input as bytes. */
export function suites() {
  const cargo = ["run", "--quiet", "--package", "oom-suite", "--example", "suites"];
  const lines = execFileSync("cargo", cargo, { cwd: top, encoding: "utf8", maxBuffer: 64 << 20 });
  return objects(lines).map(({ input, ...suite }) => ({ ...suite, bytes: Buffer.from(input, "latin1") }));
}

/** Serves a folder with the project's own server: its address, ending in a slash, and what stops it. */
export async function serve(folder) {
  const tool = process.env.OOM_WEB_TOOL ?? join(top, "target/debug/oom-web-tool");
  const server = spawn(tool, ["serve", folder, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const address of createInterface(server.stdout)) return { address, stop: () => server.kill() };
  throw new Error("the server did not start");
}

/** The browser's program; undefined where there is none. */
export function chromium() {
  const name = process.env.CHROMIUM ?? "chromium";
  const folders = (process.env.PATH ?? "").split(delimiter);
  return [name, ...folders.map((folder) => join(folder, name))].find((path) => path.includes("/") && existsSync(path));
}
