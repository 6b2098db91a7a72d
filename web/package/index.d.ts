/// <reference lib="esnext.disposable" />
import type { Oom } from "./record.js";

export * from "./record.js";

/** What becomes of lines that are no kill. */
export type Mode =
  /** Every record passes. Lines of a report say what they are, a kill carries everything. */
  | "annotate"
  /** Lines of a report are dropped, a kill carries everything, other records pass. */
  | "rewrite"
  /** Kills alone pass. */
  | "events";

/** Bytes: an `ArrayBuffer`, a `SharedArrayBuffer`, a typed array, a `DataView`, Node's `Buffer`. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/** A `WebAssembly.Module`: programs that know neither the types of browsers nor Node's have no name for it. */
export type CompiledModule = object;

/**
 * Gives the package its module: the bytes of `oom_bg.wasm`, or what `WebAssembly.compile` made of them. It does
 * nothing where the package has its module already.
 *
 * `oom-web` has the module inside and makes its instance when it is first needed; `init()` does it at once.
 * `oom-web/slim` has none: there everything else throws before `init`.
 */
export function init(module?: Bytes | CompiledModule): void;

/** A log record that carries what was found; for a pod also its identity, named as OpenTelemetry does. */
export interface OomRecord {
  oom: Oom;
  "k8s.pod.uid"?: string;
  "container.id"?: string;
  [field: string]: unknown;
}

/** A line of a report, or the kill that one tells of. */
export interface Line {
  /** Its number in the log, from 1; of a report that never finished, the last line's. */
  readonly number: number;
  /** The record as JSON text, on one line: a line of text as `{"log": ...}`, a JSON line as it came. */
  readonly json: string;
  /** The same as an object, made anew at each reading. `console.log` of a line shows it. */
  readonly record: OomRecord;
}

export interface Log {
  /**
   * Every kill, in the order of the log, by the kernel or another program (`oom.killer`). Pods that the kubelet evicted are
   * in `lines`, with the event `evicted`.
   */
  kills: Line[];
  /** Every line that is of a report, the kills among them; in `events` and `rewrite` kills and unfinished reports. */
  lines: Line[];
  /** Lines of the log. */
  read: number;
  /** Lines above 1 MiB, which were not read. */
  skipped: number;
}

/**
 * Reads a whole log: dmesg, journal text, `/dev/kmsg`, or JSON records, one to a line. Bytes are UTF-8 or UTF-16,
 * the latter with or without a mark at the beginning.
 */
export function parse(log: string | Bytes, options?: ReadOptions): Log;

export interface ReadOptions {
  /** Default `annotate`: every line of a report. `events` and `rewrite`: one for each kill. */
  mode?: Mode;
  /**
   * Your own rules for whose a cgroup is, where the parser does not know, one to a line: a system, a blank
   * and a regular expression over the path, read from its beginning, with groups `id` and `part`.
   */
  rules?: string;
  /**
   * Reads also what systemd-oomd, earlyoom, the kubelet and batch systems write of kills into plain text. Anybody
   * who may write there can make up a kill: such records have `oom.unproven`. Default `false`.
   */
  unproven?: boolean;
}

/** Reads the chunks of a log as they come: `for await (const kill of read(stream, {mode: "events"}))`. */
export function read(
  chunks: AsyncIterable<string | Bytes> | Iterable<string | Bytes>,
  options?: ReadOptions,
): AsyncGenerator<Line, void, void>;

/** The bytes of a log in, in pieces of any size; the lines of OOM reports out. */
export class Reader {
  /** Throws a TypeError for a wrong option, and an Error for a rule that is none, with the rule and its line. */
  constructor(options?: ReadOptions);
  /** The lines that these bytes end. Bytes are UTF-8 or UTF-16, as the first of them say. */
  push(chunk: string | Bytes): Line[];
  /** The last line, and in `events` and `rewrite` the reports that never finished. */
  end(): Line[];
  /** Lines read so far. */
  readonly lines: number;
  /** Lines above 1 MiB, which were not read. */
  readonly skipped: number;
  /** Gives its memory back at once; else the garbage collector does. A second call does nothing. */
  free(): void;
  /** The same, at the end of a block that says `using`. */
  [Symbol.dispose](): void;
}

export interface FilterOptions {
  /** Default `annotate`. */
  mode?: Mode;
  /** When it started, as a Date or in milliseconds since 1970: older kills are marked `replayed`. */
  startedAt?: Date | number;
  /**
   * Your own rules for whose a cgroup is, where the parser does not know, one to a line: a system, a blank
   * and a regular expression over the path, read from its beginning, with groups `id` and `part`.
   */
  rules?: string;
  /**
   * Reads also what systemd-oomd, earlyoom, the kubelet and batch systems write of kills into plain text. Anybody
   * who may write there can make up a kill: such records have `oom.unproven`. Default `false`.
   */
  unproven?: boolean;
}

export interface Arrival {
  /** The tag or name of the stream it came by: streams are kept apart by it. */
  tag?: string;
  /** When the event happened, as a Date or in milliseconds since 1970. */
  time?: Date | number;
}

/** Log records in, log records out, one after the other: a step of a log pipeline. */
export class Filter {
  /** Throws a TypeError for a wrong option, and an Error for a rule that is none, with the rule and its line. */
  constructor(options?: FilterOptions);
  /**
   * The record that is to go on, or `null` where it is dropped. What is about something else comes
   * back as it is: the very same string or object. What is no JSON object passes too.
   */
  process(record: string, arrival?: Arrival): string | null;
  process<T extends object>(record: T, arrival?: Arrival): T | (T & OomRecord) | null;
  /** Records of the reports that never finished, as JSON text; none in annotate mode. */
  end(): string[];
  /** Gives its memory back at once; else the garbage collector does. A second call does nothing. */
  free(): void;
  /** The same, at the end of a block that says `using`. */
  [Symbol.dispose](): void;
}

/** The value of a JSON text; integers that a `number` would round are `bigint`. Throws as JSON.parse does. */
export function toObject(json: string): any;

/** The JSON text of a value that may hold `bigint`. Throws a TypeError for what has none. */
export function toJson(value: unknown): string;
