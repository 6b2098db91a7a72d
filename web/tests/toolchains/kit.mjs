// What the rows of the table are run with: projects, programs, servers, a browser.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { chromium as playwright } from "playwright-core";

import { chromium, dist, serve, top } from "../lib.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
/** Where the toolchains are installed, and the projects made. */
const home = join(process.env.OOM_TARGET ?? join(top, "target"), "toolchains");
const modules = join(home, "node_modules");
/** How long a toolchain may take for one thing. */
const PATIENCE = 240_000;
/** What every project has to find. */
export const SENTENCE =
  "'a' (pid 42) was killed: the whole machine ran out of memory; the process itself held 4.0 KiB.";

/** The versions of the toolchains, by the names of `package.json` here. */
export const versions = Object.fromEntries(
  Object.entries(JSON.parse(readFileSync(join(here, "package.json"), "utf8")).devDependencies)
    .map(([name, version]) => [name, version.split("@").at(-1)]),
);

/** Installs the toolchains, as the lock file has them. Undefined, or why it cannot be done. */
export function install() {
  const lock = readFileSync(join(here, "package-lock.json"), "utf8");
  const kept = join(home, "installed.json");
  try {
    if (readFileSync(kept, "utf8") === lock) return undefined;
  } catch {
    // Nothing was installed yet.
  }
  mkdirSync(home, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(here, file), join(home, file));
  try {
    const ci = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    execFileSync("npm", ci, { cwd: home, stdio: ["ignore", "inherit", "inherit"] });
  } catch (error) {
    // Apart from a lock file that is not whole, and the like: that is a failure.
    if (isReached()) throw error;
    return "npm's registry is not to be had";
  }
  writeFileSync(kept, lock);
  return undefined;
}

function isReached() {
  try {
    execFileSync("npm", ["view", "rollup", "version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The package as npm packs it. */
function archive() {
  mkdirSync(home, { recursive: true });
  const args = ["pack", "--silent", "--pack-destination", home, join(dist, "package")];
  return join(home, execFileSync("npm", args, { encoding: "utf8" }).trim().split("\n").at(-1));
}

let packed;
/** An empty project with the package in it, and these files: a text each, or `true` for one of `app`. */
export function project(name, files) {
  packed ??= archive();
  const folder = join(home, "projects", name);
  rmSync(folder, { recursive: true, force: true });
  const installed = join(folder, "node_modules/oom-web");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", packed, "-C", installed, "--strip-components=1"]);
  for (const [file, text] of Object.entries({ "package.json": '{"private": true}', ...files })) {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    if (text === true) cpSync(join(here, "app", file), join(folder, file));
    else writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** A program of a toolchain's, by its path below `node_modules`. */
export const tool = (path) => join(modules, path);
/** The Node that runs the toolchains. */
export const node = tool("node24/bin/node");

const env = {
  ...process.env,
  PATH: [join(node, ".."), process.env.PATH].join(delimiter),
  NO_COLOR: "1",
  CI: "1",
  NODE_ENV: undefined,
  NEXT_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
};

/** Runs a program to its end and gives what it printed; its failure has that too. */
export function run(cwd, program, ...args) {
  try {
    const options = { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE };
    return execFileSync(program, args, options).trim();
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")}\n${error.stdout}\n${error.stderr}\n${error.message}`);
  }
}

/** Starts a server and gives its address to `use`; `{port}` in an argument is a free port. */
export async function withServer(cwd, args, use) {
  const port = await freePort();
  const server = spawn(node, args.map((arg) => arg.replace("{port}", port)), { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (data) => (printed += data));
  const ended = new Promise((resolve) => server.on("exit", resolve));
  try {
    const address = `http://127.0.0.1:${port}/`;
    for (let tries = 0; ; tries += 1) {
      if (await fetch(address).then(({ ok }) => ok, () => false)) break;
      if (tries > 300 || server.exitCode !== null) throw new Error(`no server at ${address}\n${printed}`);
      await sleep(200);
    }
    return await use(address);
  } catch (error) {
    throw new Error(`${error.message}\n${printed}`);
  } finally {
    server.kill();
    await ended;
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

let browser;
/** The title that a page gives itself, read as JSON. */
export async function title(address) {
  browser ??= await playwright.launch({ executablePath: chromium(), args: ["--no-sandbox"] });
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(error.message));
  try {
    await page.goto(address);
    await page.waitForFunction(() => document.title.startsWith("[") || document.title.startsWith('"'), undefined, { timeout: 60_000 });
    return JSON.parse(await page.title());
  } catch (error) {
    throw new Error(`${error.message}\n${said.join("\n")}`);
  } finally {
    await page.close();
  }
}

/** The same of a folder that is served as it is. */
export async function titleOf(folder, path = "") {
  const server = await serve(folder);
  try {
    return await title(server.address + path);
  } finally {
    server.stop();
  }
}

/** Ends what was started. */
export async function close() {
  await browser?.close();
}
