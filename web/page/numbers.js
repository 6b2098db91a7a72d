// Figures as people read them.
"use strict";

const SIZES = [["TiB", 40n], ["GiB", 30n], ["MiB", 20n], ["KiB", 10n]];

/** One decimal of the largest binary unit that leaves at least 1, cut as in the summary. */
function bytes(value) {
  const count = BigInt(value);
  const size = SIZES.find(([, shift]) => count >> shift > 0n);
  if (!size) return `${count} bytes`;
  const [name, shift] = size;
  const tenths = (count * 10n) >> shift;
  return `${tenths / 10n}.${tenths % 10n} ${name}`;
}

/** Digits in groups of three, from five on. */
function grouped(value) {
  const digits = String(value);
  return /^-?\d{1,4}$/.test(digits) ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Microseconds since boot, its two largest units: `175 days 16:45`, `2 h 3 min`, `4.5 s`. */
function shortUptime(value) {
  const seconds = BigInt(value) / 1000000n;
  const [days, hours, minutes] = [seconds / 86400n, (seconds / 3600n) % 24n, (seconds / 60n) % 60n];
  const two = (count) => String(count).padStart(2, "0");
  if (days > 0n) return `${plural(Number(days), "day", "days")} ${two(hours)}:${two(minutes)}`;
  if (hours > 0n) return `${hours} h ${minutes} min`;
  if (minutes > 0n) return `${minutes} min ${seconds % 60n} s`;
  return `${seconds}.${(BigInt(value) / 100000n) % 10n} s`;
}

/** Microseconds since 1970 as a date in UTC, and the same exactly with the reader's own time; a text where it is none. */
function dates(value) {
  const date = new Date(Number(BigInt(value) / 1000n));
  if (Number.isNaN(date.getTime())) return [`${grouped(value)} µs`, `${grouped(value)} µs since 1970`];
  const [day, clock] = date.toISOString().split("T");
  const fraction = String(BigInt(value) % 1000000n).padStart(6, "0");
  const exact = `${day} ${clock.slice(0, 8)}.${fraction} UTC`;
  return [`${day} ${clock.slice(0, 8)} UTC`, `${exact}; where you are ${date.toLocaleString()}`];
}

/** When a kill was: the field that says it best, if one does. */
function whenOf(kill) {
  const path = ["time_us", "when", "at_us"].find((path) => kill[path] !== undefined);
  return path && [path, kill[path]];
}

/** Microseconds since boot, exactly: `2 h 3 min 4.500000 s`. */
function uptime(value) {
  const us = BigInt(value);
  const seconds = us / 1000000n;
  const parts = [[seconds / 86400n, "d"], [(seconds / 3600n) % 24n, "h"], [(seconds / 60n) % 60n, "min"]];
  const first = parts.findIndex(([count]) => count > 0n);
  const fraction = String(us % 1000000n).padStart(6, "0");
  const larger = first < 0 ? [] : parts.slice(first).map(([count, unit]) => `${count} ${unit}`);
  return [...larger, `${seconds % 60n}.${fraction} s`].join(" ");
}

/** `used / of` as a share from 0 up; integers of any size. */
function share(used, of) {
  return Number(of) > 0 ? Number(used) / Number(of) : 0;
}

function percent(part) {
  return `${Math.round(part * 100)}\u202f%`;
}

/** `1 process`, `2 processes`. */
function plural(count, one, several) {
  return `${grouped(count)} ${count === 1 ? one : several}`;
}

/** A value of the record in its unit, and the same exactly where that says less than all. */
function written(value, unit) {
  if (unit === "bytes") return [bytes(value), `${grouped(value)} bytes`];
  if (unit === "us") return [`${shortUptime(value)} after boot`, `${uptime(value)} after boot, ${grouped(value)} µs`];
  if (unit === "date") return dates(value);
  if (typeof value === "number" || typeof value === "bigint") return [grouped(value), String(value)];
  return [String(value), String(value)];
}
