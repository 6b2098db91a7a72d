// The table of toolchains: how each one is given the package, and what it must find. README.md of the package shows
// it. A new toolchain is a row here, and its version in package.json beside it.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { SENTENCE, node, project, run, title, titleOf, tool, versions, withServer } from "./kit.mjs";

const PAGE = { "index.html": true, "page.js": true, "worker.js": true, "tell.js": true, "log.js": true };
const PRINT = { "print.js": true, "tell.js": true, "log.js": true };
const MODULE = { "package.json": '{"private": true, "type": "module"}' };
const BOTH = [SENTENCE, SENTENCE];

const nodes = ["node18", "node20", "node22", "node24"].map((name) => ({
  name: `Node ${versions[name].split(".")[0]}`,
  version: versions[name],
  what: "`import`, `require`",
  find() {
    const folder = project(name, { ...PRINT, ...MODULE, "print.cjs": true });
    const program = tool(`${name}/bin/node`);
    return ["print.js", "print.cjs"].map((file) => run(folder, program, file));
  },
  expected: BOTH,
}));

const vites = ["vite5", "vite6", "vite7", "vite8"].map((name) => ({
  name: `Vite ${versions[name].split(".")[0]}`,
  version: versions[name],
  what: "build, development server; page and worker",
  needs: "chromium",
  async find() {
    const folder = project(name, { ...PAGE, ...MODULE });
    const vite = tool(`${name}/bin/vite.js`);
    run(folder, node, vite, "build");
    const built = await titleOf(join(folder, "dist"));
    const serve = [vite, "--host", "127.0.0.1", "--port", "{port}", "--strictPort"];
    return [...built, ...(await withServer(folder, serve, title))];
  },
  expected: [...BOTH, ...BOTH],
}));

const WEBPACK = `
  import webpack from ${JSON.stringify(tool("webpack/lib/index.js"))};
  const common = { mode: "production", context: import.meta.dirname };
  webpack([
    { ...common, entry: "./page.js", output: { path: import.meta.dirname + "/out", filename: "page.js" } },
    { ...common, entry: "./print.js", target: "node", output: { path: import.meta.dirname + "/node", filename: "print.cjs" } },
  ], (error, stats) => {
    if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
  });`;

const ROLLUP = `
  import { rollup } from ${JSON.stringify(tool("rollup/dist/es/rollup.js"))};
  import { nodeResolve } from ${JSON.stringify(tool("@rollup/plugin-node-resolve/dist/es/index.js"))};
  const bundle = await rollup({ input: ["page.js", "worker.js", "print.js"], plugins: [nodeResolve()] });
  await bundle.write({ dir: "out" });`;

const MINIFLARE = `
  import { createRequire } from "node:module";
  import { readFileSync } from "node:fs";
  const { Miniflare } = createRequire(${JSON.stringify(tool("wrangler/package.json"))})("miniflare");
  for (const name of ["whole", "slim"]) {
    const worker = new Miniflare({
      modules: true,
      scriptPath: name + "/worker.js",
      modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
      compatibilityDate: "2025-01-01",
    });
    console.log(await (await worker.dispatchFetch("http://localhost/")).text());
    await worker.dispose();
  }`;
const WORKER = `
  import { tell } from "./tell.js";
  export default { fetch: () => new Response(tell()) };`;
const SLIM_WORKER = `
  import module from "oom-web/oom_bg.wasm";
  import { init, parse } from "oom-web/slim";
  import { LOG } from "./log.js";
  init(module);
  export default { fetch: () => new Response(parse(LOG).kills[0].record.oom.summary) };`;

const NEXT = {
  "app/layout.jsx": "export default ({ children }) => <html lang='en'><body>{children}</body></html>;",
  "app/page.jsx": `
    import { tell } from "../tell.js";
    import { Client } from "./client.jsx";
    export const dynamic = "force-dynamic";
    export default () => <Client server={tell()} />;`,
  "app/client.jsx": `
    "use client";
    import { useEffect } from "react";
    import { tell } from "../tell.js";
    export function Client({ server }) {
      useEffect(() => { document.title = JSON.stringify([server, tell()]); });
      return server;
    }`,
};

const NATIVE = {
  ...PAGE,
  "tell.js": `
    import { parse } from "./node_modules/oom-web/index.js";
    import { LOG } from "./log.js";
    export const tell = () => parse(LOG).kills[0].record.oom.summary;`,
  "service.js": `
    import { tell } from "./tell.js";
    addEventListener("message", ({ source }) => source.postMessage(tell()));`,
  "service.html": `<!doctype html><title></title><script type="module">
    navigator.serviceWorker.onmessage = ({ data }) => (document.title = JSON.stringify([data]));
    await navigator.serviceWorker.register("./service.js", { type: "module" });
    (await navigator.serviceWorker.ready).active.postMessage("");
  </script>`,
};

/** Every row: what it is, what is done, and what must be found. */
export const rows = [
  ...nodes,
  {
    name: "no toolchain",
    version: "",
    what: "page, worker and service worker, from the package's own files",
    needs: "chromium",
    async find() {
      const folder = project("native", NATIVE);
      return [...(await titleOf(folder)), ...(await titleOf(folder, "service.html"))];
    },
    expected: [...BOTH, SENTENCE],
  },
  ...vites,
  {
    name: "webpack 5",
    version: versions.webpack,
    what: "page and worker; for Node",
    needs: "chromium",
    async find() {
      const folder = project("webpack", { ...PAGE, ...PRINT, "build.mjs": WEBPACK, "out/index.html": '<script defer src="page.js"></script>' });
      run(folder, node, "build.mjs");
      return [...(await titleOf(join(folder, "out"))), run(folder, node, "node/print.cjs")];
    },
    expected: [...BOTH, SENTENCE],
  },
  {
    name: "Rollup 4",
    version: versions.rollup,
    what: "with `@rollup/plugin-node-resolve`; page and worker; for Node",
    needs: "chromium",
    async find() {
      const folder = project("rollup", { ...PAGE, ...PRINT, ...MODULE, "build.mjs": ROLLUP, "out/index.html": '<script type="module" src="page.js"></script>' });
      run(folder, node, "build.mjs");
      return [...(await titleOf(join(folder, "out"))), run(folder, node, "out/print.js")];
    },
    expected: [...BOTH, SENTENCE],
  },
  {
    name: "esbuild",
    version: versions.esbuild,
    what: "page and worker; for Node as CommonJS",
    needs: "chromium",
    async find() {
      const folder = project("esbuild", { ...PAGE, ...PRINT, "out/index.html": '<script type="module" src="page.js"></script>' });
      const esbuild = tool("esbuild/bin/esbuild");
      run(folder, node, esbuild, "page.js", "worker.js", "--bundle", "--format=esm", "--outdir=out");
      run(folder, node, esbuild, "print.js", "--bundle", "--platform=node", "--outfile=out/print.cjs");
      return [...(await titleOf(join(folder, "out"))), run(folder, node, "out/print.cjs")];
    },
    expected: [...BOTH, SENTENCE],
  },
  {
    name: "Parcel 2",
    version: versions.parcel,
    what: "page and worker",
    needs: "chromium",
    async find() {
      const folder = project("parcel", PAGE);
      run(folder, node, tool("parcel/lib/bin.js"), "build", "index.html", "--dist-dir", "out", "--no-cache", "--no-source-maps");
      return titleOf(join(folder, "out"));
    },
    expected: BOTH,
  },
  {
    name: "Next 16",
    version: versions.next,
    what: "Turbopack; on the server and in the browser",
    needs: "chromium",
    async find() {
      const folder = project("next", { ...NEXT, "tell.js": true, "log.js": true });
      const next = tool("next/dist/bin/next");
      run(folder, node, next, "build");
      return withServer(folder, [next, "start", "--hostname", "127.0.0.1", "--port", "{port}"], title);
    },
    expected: BOTH,
  },
  {
    name: "Jest 30",
    version: versions.jest,
    what: "by its defaults",
    find() {
      const folder = project("jest", { "test.cjs": true });
      const args = ["--rootDir", folder, "--testMatch", "**/test.cjs", "--no-cache"];
      run(folder, node, tool("jest/bin/jest.js"), ...args);
      return [];
    },
    expected: [],
  },
  {
    name: "Vitest 4",
    version: versions.vitest,
    what: "by its defaults",
    find() {
      const test = `
        import { expect, test } from "vitest";
        import { tell } from "./tell.js";
        test("a kill", () => expect(tell()).toBe(${JSON.stringify(SENTENCE)}));`;
      const folder = project("vitest", { ...PRINT, ...MODULE, "kill.test.js": test });
      run(folder, node, tool("vitest/vitest.mjs"), "run", "--root", folder);
      return [];
    },
    expected: [],
  },
  {
    name: "Wrangler 4 (workerd)",
    version: versions.wrangler,
    what: "its bundle, run by Miniflare; `oom-web`, and `oom-web/slim` with the module",
    find() {
      const files = { "worker.js": WORKER, "slim-worker.js": SLIM_WORKER, "tell.js": true, "log.js": true, "run.mjs": MINIFLARE };
      const folder = project("workerd", files);
      for (const [entry, out] of [["worker.js", "whole"], ["slim-worker.js", "slim"]]) {
        const args = ["deploy", entry, "--dry-run", "--name", "kill", "--compatibility-date", "2025-01-01", "--outdir", out];
        run(folder, node, tool("wrangler/bin/wrangler.js"), ...args);
      }
      execFileSync("mv", ["slim/slim-worker.js", "slim/worker.js"], { cwd: folder });
      return run(folder, node, "run.mjs").split("\n");
    },
    expected: BOTH,
  },
  {
    name: "Deno 2",
    version: versions.deno,
    what: "`import`, without any permission",
    find() {
      const folder = project("deno", { ...PRINT, ...MODULE });
      return [run(folder, tool("@deno/linux-x64-glibc/deno"), "run", "--no-prompt", "--no-lock", "print.js")];
    },
    expected: [SENTENCE],
  },
  {
    name: "Bun 1",
    version: versions.bun,
    what: "`import`, `require`; its bundle, run in Node",
    find() {
      const folder = project("bun", { ...PRINT, ...MODULE, "print.cjs": true });
      const bun = tool("@oven/bun-linux-x64/bin/bun");
      run(folder, bun, "build", "print.js", "--outdir", "out");
      return [run(folder, bun, "print.js"), run(folder, bun, "print.cjs"), run(folder, node, "out/print.js")];
    },
    expected: [...BOTH, SENTENCE],
  },
];

/** The rows as README.md of the package has them. */
export function table() {
  const line = ({ name, version, what }) => `| ${name} | ${version} | ${what} |\n`;
  return `| toolchain | version | what the test builds and runs |\n|---|---|---|\n${rows.map(line).join("")}`;
}
