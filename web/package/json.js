// JSON in which no integer is rounded: what a double cannot hold is a BigInt.
//
// While a text is rewritten, each string begins with "s" and each such integer is a string that begins
// with "n", so no string of a log can be taken for one.

const STRING = /"([^"\\]*(?:\\.[^"\\]*)*)"/g;
/** A string, or an integer of 16 digits and more, which may be above 2^53. */
const STRING_OR_INTEGER = new RegExp(`${STRING.source}|-?\\d{16,}(?![\\d.eE])`, "g");
const LONG_INTEGER = /\d{16}/;

/** The value of a JSON text. Throws a SyntaxError where it is none. */
export function toObject(json) {
  const value = JSON.parse(json);
  if (!LONG_INTEGER.test(json)) return value;
  const marked = json.replace(STRING_OR_INTEGER, (token, text) => {
    if (text !== undefined) return `"s${text}"`;
    return Number.isSafeInteger(Number(token)) ? token : `"n${token}"`;
  });
  return unmarked(JSON.parse(marked));
}

/** The JSON text of a value, which may hold BigInts. */
export function toJson(value) {
  const marked = JSON.stringify(markWhole(value));
  if (marked === undefined) throw new TypeError("value has no JSON");
  return marked.replace(STRING, (_, text) =>
    text[0] === "n" ? text.slice(1) : `"${text.slice(1)}"`,
  );
}

function unmarked(value) {
  if (typeof value === "string") return value[0] === "n" ? BigInt(value.slice(1)) : value.slice(1);
  return inside(value, unmarked, (key) => key.slice(1));
}

function markWhole(value) {
  try {
    return mark(value);
  } catch (error) {
    if (error instanceof RangeError) throw new TypeError("value holds itself, or is nested too deeply for JSON");
    throw error;
  }
}

function mark(value) {
  if (typeof value === "string") return `s${value}`;
  if (typeof value === "bigint") return `n${value}`;
  if (typeof value?.toJSON === "function") return mark(value.toJSON());
  return inside(value, mark, (key) => `s${key}`);
}

/** The same with every key and every value changed. */
function inside(value, change, changeKey) {
  if (Array.isArray(value)) return value.map(change);
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [changeKey(key), change(member)]));
}
