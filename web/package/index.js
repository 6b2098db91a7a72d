// The package as most people load it: the module is in it as text, so that no toolchain has to carry a file.
import { provide } from "./engine.js";
import { MODULE } from "./module.js";

provide(() => decoded(MODULE));

export { Filter, Reader, init, parse, read, toJson, toObject } from "./api.js";

/** The bytes of a base64 text. */
function decoded(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}
