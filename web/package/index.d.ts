/** What becomes of lines that are no kill. */
export type Mode =
  /** Every record passes. Lines of a report say what they are, a kill carries everything. */
  | "annotate"
  /** Lines of a report are dropped, a kill carries everything, other records pass. */
  | "rewrite"
  /** Kills alone pass. */
  | "events";

/** An integer: a `bigint` where a `number` would round it, above 2^53. */
export type Integer = number | bigint;

/** Whose limit was hit. */
export type Level = "container" | "pod" | "qos" | "kubepods" | "node" | "cgroup";

/**
 * What is added to a record. A field that the kernel did not print is absent: never null, 0 or "".
 * Memory is in bytes, time in microseconds since boot.
 */
export interface Oom {
  /** `kill`, or in annotate mode what the line is. `truncated`: a report that never finished. */
  event:
    | "kill"
    | "truncated"
    | "invoked"
    | "usage"
    | "tasks"
    | "task"
    | "constraint"
    | "group"
    | "reaped"
    | "panic"
    | "no_victim"
    | "report";
  /** `oom.<level>`, or `oom.unknown`. */
  tag: string;
  /** Who killed. On every kill. */
  killer?: "kernel";
  level?: Level;
  /** The kernel's own word: `memcg`, `none`, `cpuset`, `memory_policy`. */
  constraint?: string;
  /** A name imitates a field of the line: nothing that depends on how it is read is there. */
  ambiguous?: true;
  /** The same on every line and kill of one report. */
  id: string;
  /** One sentence for a person. */
  summary?: string;
  /** How the kill got its cgroup. */
  attribution?: "report" | "table" | "none" | "constraint" | "reaper";
  /** The kill is older than the filter. */
  replayed?: true;
  /** Killed because of `memory.oom.group`. */
  group?: true;
  /** SysRq-f asked for it. */
  manual?: true;
  victim?: Victim;
  /** The task whose allocation failed; often not the victim. */
  trigger?: Trigger;
  cgroup?: Cgroup;
  memory?: Memory;
  pod?: { uid: string; qos?: "guaranteed" | "burstable" | "besteffort" };
  container?: { id?: string; runtime?: string };
  /** The systemd unit of a cgroup that is no pod. */
  unit?: string;
  /** Whoever else owns the cgroup: of several containers in each other the outermost. */
  workload?: { system: string; id?: string; part?: string };
  /** The cgroup lies inside another container, whose owner can have made up pod, container and unit. */
  nested?: true;
  /** The five largest tasks by resident and swapped memory together. */
  tasks?: Task[];
  /** Rows of the report's task table. */
  task_count?: number;
  /** Resident memory of all rows together. */
  tasks_rss_bytes?: Integer;
  /** Tasks of the table that this kill leaves alive. */
  survivors?: number;
  /** Absent where the report does not tell. */
  container_outcome?: "dies" | "survives";
  /** The kernel's release. */
  kernel?: string;
  at_us?: Integer;
  /** When the kill's line was written, in microseconds since 1970, where its carrier says so with a year and a zone. */
  time_us?: Integer;
  /** The carrier's time as it stands in the line, where that lacks a year or a zone. */
  when?: string;
  /** Kills before this one of the same container, else pod, else cgroup. */
  repeats?: number;
  /** How sure it is that the kernel wrote the lines. On kills, and on reports that never finished. */
  origin?: "kernel" | "unsaid";
}

export interface Victim {
  pid: number;
  /** At most 15 bytes, chosen by the process itself. */
  comm?: string;
  uid?: Integer;
  oom_score_adj?: Integer;
  score?: Integer;
  total_vm_bytes?: Integer;
  anon_rss_bytes?: Integer;
  file_rss_bytes?: Integer;
  shmem_rss_bytes?: Integer;
  pgtables_bytes?: Integer;
  swap_bytes?: Integer;
}

export interface Trigger {
  comm?: string;
  pid?: number;
  gfp_mask?: string;
  order?: Integer;
  oom_score_adj?: Integer;
}

export interface Cgroup {
  /** Whose limit was hit; absent for the whole machine. */
  limit?: string;
  /** The killed task's. */
  victim?: string;
  cpuset?: string;
}

/** Of the cgroup that hit its limit. An unlimited limit is absent. */
export interface Memory {
  usage_bytes?: Integer;
  limit_bytes?: Integer;
  failcnt?: Integer;
  swap_usage_bytes?: Integer;
  swap_limit_bytes?: Integer;
  memsw_usage_bytes?: Integer;
  memsw_limit_bytes?: Integer;
  kmem_usage_bytes?: Integer;
  kmem_limit_bytes?: Integer;
  /** What filled it: of the cgroup with all below it; for a kill at level `node` of the machine. */
  anon_bytes?: Integer;
  /** With shared memory. */
  file_bytes?: Integer;
  shmem_bytes?: Integer;
  kernel_bytes?: Integer;
  slab_bytes?: Integer;
  slab_unreclaimable_bytes?: Integer;
  pagetables_bytes?: Integer;
  kernel_stack_bytes?: Integer;
  percpu_bytes?: Integer;
  vmalloc_bytes?: Integer;
  sock_bytes?: Integer;
  swap_bytes?: Integer;
  swap_total_bytes?: Integer;
  swap_free_bytes?: Integer;
  free_bytes?: Integer;
  total_bytes?: Integer;
  /** The five largest cgroups of the subtree, up to 5.2. */
  cgroups?: {
    path: string;
    container?: string;
    anon_bytes?: Integer;
    file_bytes?: Integer;
    swap_bytes?: Integer;
  }[];
  /** Why memory of the machine could not be had although some was free. */
  allocation?: {
    zone: string;
    node: number;
    free_bytes?: Integer;
    min_bytes?: Integer;
    low_bytes?: Integer;
    largest_free_order?: number;
    nodemask?: string;
    mems_allowed?: string;
  };
  /** The kind that makes up more than half. */
  mostly?: "anon" | "file" | "shmem" | "kernel" | "sock";
}

export interface Task {
  pid: number;
  comm: string;
  uid: Integer;
  /** Absent where the report does not tell the size of a page. */
  rss_bytes?: Integer;
  swap_bytes?: Integer;
  pgtables_bytes?: Integer;
  total_vm_bytes?: Integer;
  oom_score_adj?: Integer;
}

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
  /** The same as an object, made anew at each reading. */
  readonly record: OomRecord;
}

export interface Log {
  /** Every kill, in the order of the log. */
  kills: Line[];
  /** Every line that is of a report, the kills among them. */
  lines: Line[];
  /** Lines of the log. */
  read: number;
  /** Lines above 1 MiB, which were not read. */
  skipped: number;
}

/** Reads a whole log: dmesg, journal text, `/dev/kmsg`, or JSON records, one to a line. */
export function parse(log: string | Uint8Array): Log;

export interface ReadOptions {
  /** Default `annotate`: every line of a report. `events` and `rewrite`: one for each kill. */
  mode?: Mode;
  /**
   * Your own rules for whose a cgroup is, where the parser does not know, one to a line: a system, a blank
   * and a regular expression over the path, read from its beginning, with groups `id` and `part`.
   */
  rules?: string;
}

/** Reads the chunks of a log as they come: `for await (const kill of read(stream, {mode: "events"}))`. */
export function read(
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  options?: ReadOptions,
): AsyncGenerator<Line, void, void>;

/** The bytes of a log in, in pieces of any size; the lines of OOM reports out. */
export class Reader {
  /** Throws where there is no such mode, and for a rule that is none: the error names it and its line. */
  constructor(options?: ReadOptions);
  /** The lines that these bytes end. A string is taken as UTF-8. */
  push(chunk: string | Uint8Array): Line[];
  /** The last line, and in `events` and `rewrite` the reports that never finished. */
  end(): Line[];
  /** Lines read so far. */
  readonly lines: number;
  /** Lines above 1 MiB, which were not read. */
  readonly skipped: number;
  /** Gives its memory back at once; else the garbage collector does. */
  free(): void;
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
}

export interface Arrival {
  /** The tag or name of the stream it came by: streams are kept apart by it. */
  tag?: string;
  /** When the event happened, as a Date or in milliseconds since 1970. */
  time?: Date | number;
}

/** Log records in, log records out, one after the other: a step of a log pipeline. */
export class Filter {
  /** Throws where there is no such mode, and for a rule that is none: the error names it and its line. */
  constructor(options?: FilterOptions);
  /**
   * The record that is to go on, or `null` where it is dropped. What is about something else comes
   * back as it is: the very same string or object. What is no JSON object passes too.
   */
  process(record: string, arrival?: Arrival): string | null;
  process<T extends object>(record: T, arrival?: Arrival): T | (T & OomRecord) | null;
  /** Records of the reports that never finished, as JSON text; none in annotate mode. */
  end(): string[];
  /** Gives its memory back at once; else the garbage collector does. */
  free(): void;
}

/** The value of a JSON text; integers that a `number` would round are `bigint`. Throws as JSON.parse does. */
export function toObject(json: string): any;

/** The JSON text of a value that may hold `bigint`. */
export function toJson(value: unknown): string;
