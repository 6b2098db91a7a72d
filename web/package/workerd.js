// The package for Cloudflare's Workers: they compile a module when it is uploaded, and none from bytes.
import module from "./oom_bg.wasm";
import { init } from "./api.js";

init(module);

export { Filter, Reader, init, parse, read, toJson, toObject } from "./api.js";
