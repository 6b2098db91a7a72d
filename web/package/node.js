// The package for Node: the module lies in a file.
import { readFile } from "node:fs/promises";
import { initSync } from "./oom.js";

initSync({ module: await readFile(new URL("./oom_bg.wasm", import.meta.url)) });

export * from "./api.js";
