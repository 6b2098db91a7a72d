// A log as UTF-8, which is what the module reads: whatever it comes as, in pieces of any size.

/** Bytes by which the encoding of a text is known, and bytes that are looked at where it has no mark. */
const ENOUGH = 4;
const MOST = 64;

const encoder = new TextEncoder();
const NONE = new Uint8Array(0);

/** Pieces of a text in, pieces of the same text in UTF-8 out. A text in UTF-16 needs no mark at its beginning. */
export class Utf8 {
  /** The first bytes, while they are too few. */
  #first = NONE;
  #isKnown = false;
  /** What decodes UTF-16; undefined for UTF-8. */
  #decoder;

  /** The next characters. */
  text(text) {
    const before = this.end();
    const start = this.#isKnown || text.charCodeAt(0) !== 0xfeff ? 0 : 1;
    this.#isKnown ||= text !== "";
    const bytes = encoder.encode(start === 0 ? text : text.slice(start));
    return before.length === 0 ? bytes : joined(before, bytes);
  }

  /** The next bytes. */
  bytes(bytes) {
    if (this.#isKnown) return this.#decoder === undefined ? bytes : this.#decoded(bytes);
    const first = this.#first.length === 0 ? bytes : joined(this.#first, bytes);
    if (first.length < ENOUGH) {
      this.#first = first.slice();
      return NONE;
    }
    this.#first = NONE;
    this.#isKnown = true;
    const encoding = encodingOf(first);
    if (encoding === undefined) return isMarked(first) ? first.subarray(3) : first;
    this.#decoder = new TextDecoder(encoding);
    return this.#decoded(first);
  }

  /** What is left of a text that has ended. */
  end() {
    const left = this.#decoder === undefined ? this.#first : encoder.encode(this.#decoder.decode());
    this.#isKnown ||= this.#first.length > 0;
    this.#first = NONE;
    return left;
  }

  #decoded(bytes) {
    // A decoder takes no memory that is shared: what it is given is copied.
    return encoder.encode(this.#decoder.decode(bytes.slice(), { stream: true }));
  }
}

/** The UTF-16 that a text begins in; undefined for everything else. */
function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  // Of characters that every log begins with, one byte of the two is zero.
  const pairs = Math.min(bytes.length, MOST) >> 1;
  let [little, big] = [0, 0];
  for (let at = 0; at < 2 * pairs; at += 2) {
    if (bytes[at] !== 0 && bytes[at + 1] === 0) little += 1;
    if (bytes[at] === 0 && bytes[at + 1] !== 0) big += 1;
  }
  if (little === pairs) return "utf-16le";
  return big === pairs ? "utf-16be" : undefined;
}

/** The mark of UTF-8. */
function isMarked(bytes) {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
