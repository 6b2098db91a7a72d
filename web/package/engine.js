// The one instance of the module, made when it is first needed.
import * as glue from "./oom_bg.js";
import { bytesOf, kindOf, wrong } from "./arguments.js";

let isReady = false;
let inline;

/** Says what gives the bytes of the module where `init` was not called. */
export function provide(bytes) {
  inline = bytes;
}

/** Makes the instance of bytes or of a compiled module; without any, of those that the package holds. */
export function init(module) {
  const isCompiled = kindOf(module) === "WebAssembly.Module";
  const bytes = isCompiled || module === undefined ? undefined : bytesOf(module);
  if (bytes === null) throw wrong("module", "the bytes of oom_bg.wasm or a WebAssembly.Module", module);
  if (isReady) return;
  if (module === undefined && inline === undefined) {
    throw new Error("this entry has no module inside: call init first, with the bytes of oom_bg.wasm");
  }
  const compiled = isCompiled ? module : new WebAssembly.Module(bytes ?? inline());
  const { exports } = new WebAssembly.Instance(compiled, { "./oom_bg.js": glue });
  if (exports.reader_push === undefined) throw new TypeError("module must be oom_bg.wasm of this package");
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  isReady = true;
}

/** The classes of the module. */
export function engine() {
  if (!isReady) init();
  return glue;
}
