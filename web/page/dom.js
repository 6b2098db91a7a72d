// Building blocks. Text of a log becomes text nodes and nothing else, marked so that it can neither
// hide a character nor turn the direction of what stands beside it.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

/** Characters that a reader does not see, or that change the order of others. */
const INVISIBLE = /(?! )[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Co}\p{Cn}\p{Cs}]/gu;

/** An element. Properties are attributes; a function is a listener. */
function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

/** Text of a log: what is invisible in it is written out, and its direction stays its own. */
function untrusted(text) {
  return h("bdi", {}, ...visible(String(text)));
}

/** The same for text whose line ends are line ends. */
function untrustedLines(text) {
  return text.split("\n").flatMap((line, index) => (index > 0 ? ["\n", untrusted(line)] : [untrusted(line)]));
}

/** The same with the first occurrence of each of `names` set apart. */
function untrustedSentence(text, names) {
  const parts = [];
  let rest = String(text);
  for (const name of names) {
    const at = name ? rest.indexOf(name) : -1;
    if (at < 0) continue;
    parts.push(...visible(rest.slice(0, at)), h("bdi", { class: "name" }, ...visible(name)));
    rest = rest.slice(at + name.length);
  }
  return h("span", { dir: "ltr" }, ...parts, ...visible(rest));
}

const codeOf = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** The same as a text alone, where no element may stand; line ends stay. */
function plainText(text) {
  return text.replace(INVISIBLE, (character) => (character === "\n" ? character : codeOf(character)));
}

/** A long text without its middle. */
function middleOut(text, most = 64) {
  return text.length <= most ? text : `${text.slice(0, most / 2)}…${text.slice(-most / 2)}`;
}

function visible(text) {
  const parts = [];
  let end = 0;
  for (const { 0: character, index } of text.matchAll(INVISIBLE)) {
    parts.push(text.slice(end, index), h("span", { class: "invisible" }, codeOf(character)));
    end = index + character.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** Our own prose: `[[word]]` and `[[word|as written]]` are terms of the glossary, `code` is code. */
function prose(text) {
  return text.split(/(\[\[[^\]]+\]\]|`[^`]+`)/).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (!part.startsWith("[[")) return part;
    const [name, written = name] = part.slice(2, -2).split("|");
    return h("button", { type: "button", class: "term", "data-term": name }, written);
  });
}

/** A button that copies, and says whether it could. */
function copyButton(label, text) {
  return h("button", {
    type: "button",
    async click({ target }) {
      try {
        await navigator.clipboard.writeText(await text());
        target.textContent = "Copied";
      } catch {
        target.textContent = "The browser did not allow it";
      }
      setTimeout(() => (target.textContent = label), 2000);
    },
  }, label);
}
