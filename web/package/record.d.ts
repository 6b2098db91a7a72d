// Made from filter/schema/oom.schema.json: BLESS=1 cargo test -p oom-filter --test filter schema

/** An integer: a `bigint` where a `number` would round it, above 2^53. */
export type Integer = number | bigint;

/**
 * What is added to a record. A field that the kernel did not print is absent: never null, 0 or "". Memory is in
 * bytes, time in microseconds. Other fields may come with newer versions.
 */
export interface Oom {
  /**
   * What the record is. In events mode there are `kill`, `evicted` and `truncated` alone, in rewrite mode
   * `pressure` and `confirmed` too; those from `invoked` on are lines, which stay in annotate mode.
   */
  event: OomEvent;
  /** What a router matches on: `oom.` and the level, or `oom.unknown` where there is none. */
  tag: "oom.container" | "oom.pod" | "oom.qos" | "oom.kubepods" | "oom.node" | "oom.cgroup" | "oom.unknown";
  /** Who killed: `kernel`, or another program's name. On every `kill`, `evicted` and `pressure`. */
  killer?: string;
  /**
   * Whose limit was hit. `qos`, `kubepods` and `node` are pressure on the node: the victim need not be the
   * culprit. Absent where nothing tells.
   */
  level?: Level;
  /**
   * The kernel's own word for why it looked for a victim: `memcg`, `none`, `cpuset`, `memory_policy`, or one to
   * come.
   */
  constraint?: string;
  /**
   * A name imitates a field of the line, so that it can be read in more than one way: nothing that depends on the
   * choice is there, no cgroup, pod, container or level.
   */
  ambiguous?: true;
  /**
   * The same on every line and kill of one report, different between reports, the same again when the same lines
   * are read again.
   */
  id: string;
  /**
   * One sentence for a person: who was killed, where, at whose limit, using how much. Made of fields that are
   * present.
   */
  summary?: string;
  /** How the kill got its cgroup. */
  attribution?: Attribution;
  /**
   * The kill is older than the instance of the filter: whoever reads the kernel's buffer from its beginning hands
   * old kills in again.
   */
  replayed?: true;
  /** Killed because of `memory.oom.group`. */
  group?: true;
  /** SysRq-f asked for it. */
  manual?: true;
  /** Lines of this report are known to be missing. */
  incomplete?: true;
  /** The process killed: its kill line, and its row of the task table. */
  victim?: Victim;
  /** The task whose allocation failed; often not the victim. */
  trigger?: Trigger;
  /** Paths from the root of the memory hierarchy. */
  cgroup?: Cgroup;
  /**
   * Accounts of the cgroup that hit its limit, with all below it, and what filled it; for a kill at level `node`
   * what filled the machine. A limit that means unlimited is absent.
   */
  memory?: Memory;
  /** The victim's pod; that of the limit where only that is known. */
  pod?: Pod;
  /**
   * The victim's container, of several in each other the innermost that is known; that of the limit where only
   * that is known.
   */
  container?: Container;
  /** The innermost systemd unit (service, scope, slice) of a path that belongs to no pod. */
  unit?: string;
  /** Whoever else owns the cgroup: of several containers in each other the outermost. */
  workload?: Workload;
  /**
   * The cgroup lies inside another container or machine, whose owner can have made up pod, container and unit.
   * Keys of Kubernetes are then beside `oom` only where a directory of the node knows the pod's UID and the
   * container's id together.
   */
  nested?: true;
  /** The five largest tasks of the report's table by resident and swapped memory together. */
  tasks?: Task[];
  /** Rows of that table. */
  task_count?: number;
  /** Resident memory of all rows together; pages that processes share are counted in each. */
  tasks_rss_bytes?: Integer;
  /** Tasks of the table that this kill leaves alive, the pause process and those already killed not counted. */
  survivors?: number;
  /** What becomes of the container. Absent where the report does not tell. */
  container_outcome?: ContainerOutcome;
  /** The kernel's release, as `uname -r` gives it. */
  kernel?: string;
  /** The kernel's clock at the kill line: microseconds since boot. */
  at_us?: Integer;
  /** Wall clock in microseconds since 1970, where the carrier gives it without doubt. */
  time_us?: Integer;
  /** The carrier's time as it stands in the text, where that lacks a year or a zone. */
  when?: string;
  /** Kills that this instance saw before this one of the same container, else pod, else cgroup. */
  repeats?: number;
  /**
   * Why another program killed, in its own words, with its figures in base units. Of the kernel's kills there is
   * none.
   */
  reason?: string;
  /** How sure it is that the kernel wrote the lines. On kills, and on reports that never finished. */
  origin?: Origin;
  /** Made of text that anybody could have written, which the host was told to read. */
  unproven?: true;
}

/**
 * What the record is. In events mode there are `kill`, `evicted` and `truncated` alone, in rewrite mode
 * `pressure` and `confirmed` too; those from `invoked` on are lines, which stay in annotate mode.
 */
export type OomEvent =
  /** A process was killed. */
  | "kill"
  /** The kubelet evicted a pod. */
  | "evicted"
  /** Another program tells of pressure, and of no kill. */
  | "pressure"
  /** A report that never finished, with whatever was learnt. */
  | "truncated"
  /**
   * Another program's line about a kill that was told already: its `id`. Or the killer's own line where a witness
   * told the kill before it came.
   */
  | "confirmed"
  /** The first line of a report. */
  | "invoked"
  /** An account of the cgroup. */
  | "usage"
  /** The heading of the task table. */
  | "tasks"
  /** A row of it. */
  | "task"
  /** Whose limit was hit. */
  | "constraint"
  /** A whole cgroup is to be killed. */
  | "group"
  /** The memory of a killed process was taken back. */
  | "reaped"
  /** The kernel panicked over memory. */
  | "panic"
  /** Nobody could be killed. */
  | "no_victim"
  /** Any other line inside a report. */
  | "report";

/**
 * Whose limit was hit. `qos`, `kubepods` and `node` are pressure on the node: the victim need not be the
 * culprit. Absent where nothing tells.
 */
export type Level =
  /** A container's own cgroup. */
  | "container"
  /** A pod's: with one container it is reached before that container's. */
  | "pod"
  /** That of all burstable or all best-effort pods. */
  | "qos"
  /** That of all pods: what the node can allocate is used up. */
  | "kubepods"
  /** The whole machine, a cpuset or a memory policy. */
  | "node"
  /** Any other memory cgroup: a service, a user's slice. */
  | "cgroup";

/** How the kill got its cgroup. */
export type Attribution =
  /** From a report of its own. */
  | "report"
  /** The kernel suppressed the report; the process stands in the task table of the newest one. */
  | "table"
  /** Not at all: the kill line alone. */
  | "none"
  /** The report named its victim, and its kill line was lost. */
  | "constraint"
  /** The kernel's kill lines were lost, and the reaper's line is the only trace. */
  | "reaper"
  /** Only another program's line tells of it. */
  | "witness";

/** What becomes of the container. Absent where the report does not tell. */
export type ContainerOutcome =
  /** A group kill, or nobody of it is left. */
  | "dies"
  /** Only a child was killed: Kubernetes never reports this one. */
  | "survives";

/** How sure it is that the kernel wrote the lines. On kills, and on reports that never finished. */
export type Origin =
  /** The carrier of every line that tells it proves it. */
  | "kernel"
  /** Of some line nothing says who wrote it. */
  | "unsaid";

/** The process killed: its kill line, and its row of the task table. */
export interface Victim {
  /** In the host's numbering. */
  pid: number;
  /**
   * Its name: at most 15 bytes (63 in kernels to come), chosen by the process itself. Absent where the line is
   * ambiguous.
   */
  comm?: string;
  /** Its user. */
  uid?: Integer;
  /** -1000 to 1000. */
  oom_score_adj?: Integer;
  /** Its badness, where the kernel printed it (up to 5.0). */
  score?: Integer;
  /** Virtual size. */
  total_vm_bytes?: Integer;
  /** All resident memory, where another program than the kernel told it. */
  rss_bytes?: Integer;
  /** Resident anonymous memory: what it had to itself. */
  anon_rss_bytes?: Integer;
  /** Resident file pages. */
  file_rss_bytes?: Integer;
  /** Resident shared memory. */
  shmem_rss_bytes?: Integer;
  /** Page tables. */
  pgtables_bytes?: Integer;
  /** In swap, from its row. Absent where it has none, or the size of a page is not known. */
  swap_bytes?: Integer;
}

/** The task whose allocation failed; often not the victim. */
export interface Trigger {
  /** Its name. */
  comm?: string;
  /** From the stack dump. */
  pid?: number;
  /** The kind of the allocation, as printed. */
  gfp_mask?: string;
  /** log2 of the pages asked for; -1 for SysRq-f. */
  order?: Integer;
  /** -1000 to 1000. */
  oom_score_adj?: Integer;
}

/** Paths from the root of the memory hierarchy. */
export interface Cgroup {
  /** Whose limit was hit. Absent for the whole machine. */
  limit?: string;
  /** The killed task's. */
  victim?: string;
  /** The name of the trigger's cpuset. */
  cpuset?: string;
}

/**
 * Accounts of the cgroup that hit its limit, with all below it, and what filled it; for a kill at level `node`
 * what filled the machine. A limit that means unlimited is absent.
 */
export interface Memory {
  /** What was charged to the cgroup. */
  usage_bytes?: Integer;
  /** What may be charged. */
  limit_bytes?: Integer;
  /** How often the limit stopped a charge: a number. */
  failcnt?: Integer;
  /** Swap of the cgroup (cgroup v2). */
  swap_usage_bytes?: Integer;
  /** What it may swap (cgroup v2). */
  swap_limit_bytes?: Integer;
  /** Memory and swap together (cgroup v1). */
  memsw_usage_bytes?: Integer;
  /** What both may be (cgroup v1). */
  memsw_limit_bytes?: Integer;
  /** Kernel memory (cgroup v1). */
  kmem_usage_bytes?: Integer;
  /** What that may be (cgroup v1). */
  kmem_limit_bytes?: Integer;
  /** Anonymous memory: heaps and stacks. Of the machine without shared memory. */
  anon_bytes?: Integer;
  /** Page cache, with shared memory. */
  file_bytes?: Integer;
  /** Of the page cache: tmpfs and shared memory. */
  shmem_bytes?: Integer;
  /** All kernel memory of a cgroup (5.18 and newer). */
  kernel_bytes?: Integer;
  /** Slab caches of the kernel's. */
  slab_bytes?: Integer;
  /** Of the slab caches: what cannot be taken back. */
  slab_unreclaimable_bytes?: Integer;
  /** Page tables. */
  pagetables_bytes?: Integer;
  /** Stacks of kernel threads, and of processes in the kernel. */
  kernel_stack_bytes?: Integer;
  /** Memory that each processor has for itself (5.9 and newer). */
  percpu_bytes?: Integer;
  /** `vmalloc` (5.18 and newer). */
  vmalloc_bytes?: Integer;
  /** Buffers of sockets. */
  sock_bytes?: Integer;
  /** In swap: of a cgroup where the kernel prints it (v1), else of the machine. */
  swap_bytes?: Integer;
  /** Swap that the machine has. */
  swap_total_bytes?: Integer;
  /** Of that, what is free. */
  swap_free_bytes?: Integer;
  /** What is free of the machine's memory. */
  free_bytes?: Integer;
  /** The machine's memory. */
  total_bytes?: Integer;
  /** The five largest cgroups of the subtree, where the kernel tells of each (up to 5.2). */
  cgroups?: CgroupShare[];
  /**
   * The zone in which the allocation failed: why memory of the machine could not be had although some was free.
   * Absent where the report does not tell which zone it was.
   */
  allocation?: Allocation;
  /**
   * The kind that makes up more than half of the usage, of the machine more than half of its memory. Absent where
   * none does, or the kernel did not print enough.
   */
  mostly?: Mostly;
}

/** What one cgroup of the subtree holds by itself. */
export interface CgroupShare {
  /** From the root of the memory hierarchy. */
  path: string;
  /** The container's id, where the path has one. */
  container?: string;
  /** Anonymous memory. */
  anon_bytes?: Integer;
  /** Page cache. */
  file_bytes?: Integer;
  /** In swap. */
  swap_bytes?: Integer;
}

/**
 * The zone in which the allocation failed: why memory of the machine could not be had although some was free.
 * Absent where the report does not tell which zone it was.
 */
export interface Allocation {
  /** `DMA`, `DMA32`, `Normal`, `HighMem`, `Movable`, `Device`. */
  zone: string;
  /** The NUMA node. */
  node: number;
  /** What is free of it. */
  free_bytes?: Integer;
  /** Below this only the kernel's emergencies are served. */
  min_bytes?: Integer;
  /** Below this the kernel begins to take memory back. */
  low_bytes?: Integer;
  /** log2 of the pages of the largest free block. Absent where none is free. */
  largest_free_order?: number;
  /** The nodes of a memory policy, as printed. */
  nodemask?: string;
  /** The nodes of the task's cpuset, as printed. */
  mems_allowed?: string;
}

/**
 * The kind that makes up more than half of the usage, of the machine more than half of its memory. Absent where
 * none does, or the kernel did not print enough.
 */
export type Mostly =
  /** Heaps and stacks of processes. */
  | "anon"
  /** Page cache, without shared memory. */
  | "file"
  /** tmpfs and shared memory. */
  | "shmem"
  /** The kernel's own. */
  | "kernel"
  /** Buffers of sockets. */
  | "sock";

/** The victim's pod; that of the limit where only that is known. */
export interface Pod {
  /** Lower case, with dashes. The 32 hexadecimal digits of a static pod stay as they are. */
  uid: string;
  /** Its quality of service. Absent where the path names a class that is none. */
  qos?: "guaranteed" | "burstable" | "besteffort";
}

/**
 * The victim's container, of several in each other the innermost that is known; that of the limit where only
 * that is known.
 */
export interface Container {
  /** 64 hexadecimal digits. Absent where the path holds something else. */
  id?: string;
  /** Who runs it. Absent where the path does not say. */
  runtime?: "docker" | "containerd" | "crio" | "podman";
}

/** Whoever else owns the cgroup: of several containers in each other the outermost. */
export interface Workload {
  /** The system, such as `slurm` or `libvirt`, or what a user's own rule says. */
  system: string;
  /** What that system calls it: a job, an application, a machine. */
  id?: string;
  /** A step, a task or another part of it. */
  part?: string;
}

/** A row of the report's task table. Sizes are absent where the report does not tell the size of a page. */
export interface Task {
  /** A thread that still had its memory; usually the process. */
  pid: number;
  /** Its name. */
  comm: string;
  /** Its user. */
  uid: Integer;
  /** Resident memory. */
  rss_bytes?: Integer;
  /** In swap. */
  swap_bytes?: Integer;
  /** Page tables. Absent where the table counts them in pages of its own (up to 4.14). */
  pgtables_bytes?: Integer;
  /** Virtual size. */
  total_vm_bytes?: Integer;
  /** -1000 to 1000. Absent before 2.6.36. */
  oom_score_adj?: Integer;
}
