// What callers hand in, checked: an error names the argument, what it must be and what it is.

const MODES = ["annotate", "rewrite", "events"];
/** The last moment that a Date can hold, in milliseconds since 1970. */
const LAST = 8.64e15;

/** The error of an argument that is something else. */
export function wrong(name, expected, value) {
  return new TypeError(`${name} must be ${expected}, not ${shown(value)}`);
}

/** The name that a value's kind has in every realm, where `instanceof` knows its own alone. */
export function kindOf(value) {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** The bytes of a buffer or of a view of one, not copied; null of anything else. */
export function bytesOf(value) {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return ["ArrayBuffer", "SharedArrayBuffer"].includes(kindOf(value)) ? new Uint8Array(value) : null;
}

/** An object of options, which may be left out. */
export function optionsOf(value, name) {
  if (value === undefined) return {};
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw wrong(name, "an object", value);
  return value;
}

/** A mode. */
export function modeOf(value = "annotate") {
  if (!MODES.includes(value)) throw wrong("mode", "'annotate', 'rewrite' or 'events'", value);
  return value;
}

/** A string, which may be left out. */
export function stringOf(value, name) {
  if (value !== undefined && typeof value !== "string") throw wrong(name, "a string", value);
  return value;
}

/** True or false, false where it is left out. */
export function booleanOf(value = false, name) {
  if (typeof value !== "boolean") throw wrong(name, "true or false", value);
  return value;
}

/** Milliseconds since 1970, of a Date or of a number; undefined where there is none. */
export function timeOf(value, name) {
  if (value === undefined) return undefined;
  const isTime = typeof value === "number" || kindOf(value) === "Date";
  if (!isTime) throw wrong(name, "a Date or a number of milliseconds since 1970", value);
  const time = Number(value);
  if (!(time >= 0 && time <= LAST)) throw new RangeError(`${name} must be a time from 1970 on, not ${shown(value)}`);
  return time;
}

function shown(value) {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  const isPlain = value === null || !["object", "function", "symbol"].includes(typeof value);
  return isPlain || kindOf(value) === "Date" ? String(value) : kindOf(value);
}
