// The package for browsers and bundlers: the module is fetched from beside this file.
import init from "./oom.js";

await init({ module_or_path: new URL("./oom_bg.wasm", import.meta.url) });

export * from "./api.js";
