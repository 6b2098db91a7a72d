// What each word and each figure means. A new field of the record is a row here; without one it is
// shown by its key.
"use strict";

/** Whose limit was hit: a word for the label, and the name of a segment in the cgroup tree. */
const LEVELS = {
  container: { label: "Container limit", place: "container" },
  pod: { label: "Pod limit", place: "pod" },
  qos: { label: "Limit of a QoS class", place: "QoS class" },
  kubepods: { label: "Limit of all pods", place: "all pods" },
  node: { label: "Whole machine", place: "machine" },
  cgroup: { label: "Cgroup limit", place: "cgroup" },
  other: { label: "By another program" },
};
const UNKNOWN_LEVEL = { label: "Limit unknown", place: "cgroup" };

/** Whether the process was bound to a part of the machine's memory, and that part was full. */
const isConfined = ({ level, constraint }) => level === "node" && ["cpuset", "memory_policy"].includes(constraint);

/** Whether another program did it, and not the kernel. */
const isOthers = ({ killer = "kernel" }) => killer !== "kernel";
/** What kills are told apart by: whose limit was hit, or that no limit of the kernel's was. */
const kindOf = (kill) => (isOthers(kill) ? "other" : kill.level ?? "unknown");

/** The label of a kill. */
function labelOf(kill) {
  if (isOthers(kill)) return `${kill.event === "evicted" ? "Evicted" : "Killed"} by ${plainText(kill.killer)}`;
  if (isConfined(kill)) return "Part of the machine";
  return (LEVELS[kill.level] ?? UNKNOWN_LEVEL).label;
}

/** Reports without a kill: by the line that says most, what to say of it. */
const UNFINISHED = [
  ["panic", "The kernel gave up: out of memory, it stopped the whole machine (a panic)."],
  ["no_victim", "Memory ran out and the kernel found no process that it may kill."],
  ["reaped", "The memory of a killed process was taken back, but the line of the kill is not in this text."],
];

/** How the machine's figures come about. */
const MEM_INFO = "Summed from the lines below “Mem-Info” of the report, or over the cgroups of the report.";

/**
 * Fields of the record by their path: `name`, `unit` ("bytes", "us" or none) and `means`. `derived`
 * says how a figure comes about that no line prints. `after` is what stands before it in its line,
 * where the same figure may stand there twice. `statistic` is what the kernel's statistics of a cgroup call it.
 */
const FIELDS = {
  "victim.comm": { name: "Name", means: "Name of the killed process: at most 15 bytes, chosen by the process itself. It proves nothing about which program it is." },
  "victim.pid": { after: "process ", name: "Process id (pid)", means: "Number of the killed process, as the machine counts. Inside a container it has another." },
  "victim.uid": { after: "UID:", name: "User id", means: "The user the process ran as. 0 is root; inside a container it may look different." },
  "victim.oom_score_adj": { after: "oom_score_adj:", name: "oom_score_adj", means: "A bias from −1000 (never kill) to 1000 (kill first). Kubernetes sets it by QoS class: −997 for guaranteed, 1000 for best-effort, between for burstable." },
  "victim.score": { after: "score ", name: "Badness score", means: "The kernel's own score; it kills the process with the highest. Only kernels up to 5.0 print it." },
  "victim.total_vm_bytes": { after: "total-vm:", name: "Virtual memory", unit: "bytes", means: "All addresses the process had reserved. Much of it was never used, so it says little about why memory ran out." },
  "victim.rss_bytes": { name: "Resident memory (RSS)", unit: "bytes", means: "Memory the process really occupied, as the program that killed it counted." },
  "victim.anon_rss_bytes": { after: "anon-rss:", name: "Anonymous memory", unit: "bytes", means: "Memory the process filled itself: heap, stacks. It can only be freed by ending the process, or by swapping it out." },
  "victim.file_rss_bytes": { after: "file-rss:", name: "File memory", unit: "bytes", means: "Parts of files, such as program code, that were in memory. The kernel can drop most of it by itself." },
  "victim.shmem_rss_bytes": { after: "shmem-rss:", name: "Shared memory", unit: "bytes", means: "Memory shared between processes, and files in tmpfs that it had mapped. It may stay in use after the kill." },
  "victim.swap_bytes": { name: "In swap", unit: "bytes", means: "Memory of the process that was moved out to disk." },
  "victim.pgtables_bytes": { after: "pgtables:", name: "Page tables", unit: "bytes", means: "The kernel's own bookkeeping of this process's memory." },
  "trigger.comm": { name: "Name", means: "The process that asked for memory at the moment there was none. It is often not the one that was killed, and not the one that used most." },
  "trigger.pid": { after: "PID: ", name: "Process id (pid)", means: "Number of the process that asked for memory." },
  "trigger.gfp_mask": { name: "Kind of request (gfp_mask)", means: "Flags of the request for memory, for kernel developers. GFP_KERNEL: the kernel's own use; HIGHUSER_MOVABLE: a program's page." },
  "trigger.order": { after: "order=", name: "Size of request (order)", means: "The request was for 2 to the power of this many pages: 0 is one page, usually 4 KiB. −1 means that somebody asked by SysRq-f." },
  "trigger.oom_score_adj": { after: "oom_score_adj=", name: "oom_score_adj", means: "The bias of the process that asked, from −1000 (never kill) to 1000 (kill first)." },
  "memory.usage_bytes": { after: "usage ", name: "Memory used", unit: "bytes", means: "What the cgroup whose limit was hit had in use: its processes' memory, and file cache that could not be freed." },
  "memory.limit_bytes": { after: "limit ", name: "Memory limit", unit: "bytes", means: "The most this cgroup may use. In Kubernetes, limits.memory of the container, or the sum over the pod; elsewhere what its owner set: a container's, a job's, a unit's." },
  "memory.failcnt": { after: "failcnt ", name: "Times refused (failcnt)", means: "How often a request for memory met this limit so far, most times without a kill: the kernel first tries to free memory." },
  "memory.swap_usage_bytes": { after: "usage ", name: "Swap used", unit: "bytes", means: "Memory of this cgroup that was moved out to disk." },
  "memory.swap_limit_bytes": { after: "limit ", name: "Swap limit", unit: "bytes", means: "How much of its memory may be moved out to disk. 0: none, so the memory limit is all there is." },
  "memory.memsw_usage_bytes": { after: "usage ", name: "Memory and swap used", unit: "bytes", means: "Both together (cgroup v1)." },
  "memory.memsw_limit_bytes": { after: "limit ", name: "Memory and swap limit", unit: "bytes", means: "The most of both together (cgroup v1)." },
  "memory.kmem_usage_bytes": { after: "usage ", name: "Kernel memory used", unit: "bytes", means: "What the kernel itself holds on behalf of this cgroup, part of the memory used (cgroup v1)." },
  "memory.kmem_limit_bytes": { after: "limit ", name: "Kernel memory limit", unit: "bytes", means: "The most of it (cgroup v1)." },
  "memory.anon_bytes": { statistic: ["anon", "total_rss"], name: "Anonymous memory", unit: "bytes", means: "Memory that processes filled themselves: heaps, stacks. It goes when they end.", derived: MEM_INFO },
  "memory.file_bytes": { statistic: ["file", "total_cache"], name: "File memory", unit: "bytes", means: "Cache of files, and shared memory with files in tmpfs. The kernel frees cache before it kills; shared memory it cannot free.", derived: MEM_INFO },
  "memory.shmem_bytes": { statistic: ["shmem", "total_shmem"], name: "Shared memory", unit: "bytes", means: "Shared memory and files in tmpfs, such as /dev/shm or an emptyDir with medium: Memory. They stay when a process ends.", derived: MEM_INFO },
  "memory.kernel_bytes": { statistic: ["kernel"], name: "Kernel memory", unit: "bytes", means: "What the kernel holds on behalf of the cgroup: page tables, stacks, caches of file names." },
  "memory.slab_bytes": { statistic: ["slab"], name: "Slab caches", unit: "bytes", means: "Caches of the kernel's own objects, such as file names and open files.", derived: MEM_INFO },
  "memory.slab_unreclaimable_bytes": { statistic: ["slab_unreclaimable"], name: "Slab caches that stay", unit: "bytes", means: "Of the slab caches: what the kernel cannot take back.", derived: MEM_INFO },
  "memory.pagetables_bytes": { statistic: ["pagetables"], name: "Page tables", unit: "bytes", means: "The kernel's bookkeeping of which memory is whose.", derived: MEM_INFO },
  "memory.kernel_stack_bytes": { statistic: ["kernel_stack"], name: "Kernel stacks", unit: "bytes", means: "Each thread has one: many of them are many threads.", derived: MEM_INFO },
  "memory.percpu_bytes": { statistic: ["percpu"], name: "Memory per processor", unit: "bytes", means: "What the kernel keeps once for each processor." },
  "memory.vmalloc_bytes": { statistic: ["vmalloc"], name: "vmalloc", unit: "bytes", means: "Large blocks of kernel memory." },
  "memory.sock_bytes": { statistic: ["sock"], name: "Buffers of sockets", unit: "bytes", means: "Data on its way through the network that nobody has read or the other side has not taken." },
  "memory.swap_bytes": { statistic: ["total_swap"], name: "In swap", unit: "bytes", means: "Memory that was moved out to disk.", derived: "From the lines “Free swap” and “Total swap” of the report, or the cgroup's statistics." },
  "memory.swap_total_bytes": { name: "Swap of the machine", unit: "bytes", means: "Disk space for memory that is moved out. 0: none.", derived: "From the line “Total swap” of the report." },
  "memory.swap_free_bytes": { name: "Free swap of the machine", unit: "bytes", means: "Of that, what is free.", derived: "From the line “Free swap” of the report." },
  "memory.free_bytes": { name: "Free memory of the machine", unit: "bytes", means: "Memory that nobody uses. Some must stay free.", derived: MEM_INFO },
  "memory.total_bytes": { name: "Memory of the machine", unit: "bytes", means: "All its memory, with what the kernel keeps for itself.", derived: "From the line “pages RAM” of the report." },
  "memory.mostly": { name: "Most of it", means: "The kind of memory that makes up more than half: anon (processes), file (page cache), shmem (shared memory, tmpfs), kernel or sock (buffers of sockets).", derived: "From the figures above." },
  "memory.allocation.zone": { name: "Zone of the request", means: "The part of the machine's memory that the request that failed could use, the highest of them." },
  "memory.allocation.node": { name: "Node of the request", means: "The memory node (NUMA) that the request could use." },
  "memory.allocation.free_bytes": { after: "free:", name: "Free in the zone", unit: "bytes", means: "What was free there." },
  "memory.allocation.min_bytes": { after: "min:", name: "Minimum of the zone", unit: "bytes", means: "Below this only emergencies are served." },
  "memory.allocation.low_bytes": { after: "low:", name: "Low mark of the zone", unit: "bytes", means: "Below this the kernel begins to take memory back." },
  "memory.allocation.largest_free_order": { name: "Largest free block (order)", means: "2 to the power of this many pages stood together at most.", derived: "From the zone's line of free blocks." },
  "memory.allocation.nodemask": { after: "nodemask=", name: "Nodes of the policy", means: "The memory nodes that the process's memory policy allows." },
  "memory.allocation.mems_allowed": { after: "mems_allowed=", name: "Nodes of the cpuset", means: "The memory nodes that the process's cpuset allows." },
  "pod.uid": { name: "Pod UID", means: "The pod's unique id, from the path of its cgroup. The kernel does not know the pod's name." },
  "pod.qos": { name: "QoS class", means: "Quality of service: guaranteed (requests equal limits), burstable (some requests) or besteffort (none). The kernel kills best-effort pods first." },
  "container.id": { name: "Container id", means: "The container runtime's id, from the path of the cgroup." },
  "container.runtime": { name: "Container runtime", means: "What runs the container, told by the form of its cgroup's name." },
  unit: { name: "systemd unit", means: "The service, scope or slice of systemd that the process belonged to." },
  "workload.system": { name: "Owner", means: "Whoever else owns the cgroup: the system that runs the job, the machine or the outer container." },
  "workload.id": { name: "Owner's name for it", means: "What that system calls it: a job, a virtual machine, an application, a container, from the path of the cgroup." },
  "workload.part": { name: "Part of it", means: "A step or task of it, from the path of the cgroup." },
  nested: { name: "Inside a container", means: "The path lies inside another container. Whoever owns that can have made up the pod, container and unit that it names." },
  "cgroup.limit": { after: "oom_memcg=", name: "Cgroup at its limit", means: "Path of the cgroup whose limit was hit." },
  "cgroup.victim": { after: "task_memcg=", name: "Cgroup of the killed process", means: "Path of the cgroup that the killed process was in." },
  "cgroup.cpuset": { after: "cpuset=", name: "Cpuset", means: "The set of processors and memory nodes that the asking process may use, by name." },
  level: { name: "Whose limit", means: "container, pod, qos (one QoS class), kubepods (all pods), node (the whole machine) or cgroup (any other).", derived: "Told by the path of the cgroup that hit its limit." },
  constraint: { name: "Kind of limit", means: "memcg: a cgroup's limit; none: the whole machine; cpuset and memory_policy: the part of the memory that the process was confined to." },
  attribution: { name: "How the place is known", means: "report: this kill's own report says it. table: this text has no report of the kill, but the process stands in the table of the report before. constraint: the report chose its victim, and the line of the kill is missing. reaper: only the kernel's clean-up tells of the kill. witness: only another program tells of it. none: not at all.", derived: "Told by which lines there are." },
  killer: { name: "Who killed", means: "kernel: the kernel's OOM killer. systemd-oomd, earlyoom, talos, oomd: a program that kills before the kernel has to. kubelet: Kubernetes, which evicts pods before that.", derived: "From the wording of the line, and who wrote it." },
  reason: { name: "Why", means: "The program's own words for why it killed." },
  origin: { name: "Who wrote the lines", means: "kernel: what carried them proves that it was the kernel. unsaid: nothing says who did; any program can write such lines.", derived: "From the facility of /dev/kmsg or syslog, or the journal's transport." },
  task_count: { name: "Processes in the table", means: "How many processes the report lists: those that shared the limit.", derived: "Counted from the rows of the report's table." },
  tasks_rss_bytes: { name: "Resident memory of all of them", unit: "bytes", means: "All processes of the table together. Memory that they share is counted for each.", derived: "Summed over the rows of the report's table." },
  survivors: { name: "Processes left", means: "Processes of the table that this kill left alive, without the pause process and those killed before.", derived: "Counted from the rows of the report's table." },
  container_outcome: { name: "Fate of the container", means: "dies: all its processes are gone. survives: only a child process was killed.", derived: "Concluded from the table and the kernel's words on the group." },
  repeats: { name: "Kills before", means: "Kills of the same container, pod or cgroup earlier in this text.", derived: "Counted from the kills above this one." },
  kernel: { name: "Kernel", means: "Release of the kernel that wrote the report." },
  at_us: { name: "Time", unit: "us", means: "The kernel's clock: time since boot, not counting sleep. The log has the date only where the program that printed it added one." },
  time_us: { name: "Date", unit: "date", means: "Date and time, as what carried the kernel's line gives it." },
  when: { name: "Date as the log has it", means: "What stands in front of the line: it lacks the year or the time zone, so it is shown as it is." },
  incomplete: { name: "Lines are missing", means: "Lines of this report are known to be missing. What needs all of them is left out.", derived: "From gaps in the numbers of the lines, or a table that breaks off." },
  unproven: { name: "Unproven", means: "Anybody could have written the text that this was read from." },
  group: { name: "Group kill", means: "All processes of the cgroup are killed together, because memory.oom.group is set." },
  manual: { name: "Asked for by hand", means: "Somebody pressed SysRq-f or wrote f to /proc/sysrq-trigger." },
  ambiguous: { name: "Ambiguous", means: "A name in the line imitates other fields of it. What depends on how it is read is left out." },
  replayed: { name: "Replayed", means: "The kill is older than the program that read it." },
  tag: { name: "Tag", means: "For routing in a log pipeline.", derived: "oom. and whose limit." },
  id: { name: "Report id", means: "The same on all lines and kills of one report.", derived: "Computed from the report's first line." },
  "machine.used": { name: "Memory in use on the machine", unit: "bytes", means: "All that is not free, file cache included.", derived: "The machine's memory less what is free of it." },
  "task.rss_bytes": { name: "Resident memory (RSS)", unit: "bytes", means: "Memory the process really occupied: anonymous, file and shared together. Shared memory is counted for each process that has it." },
  "task.swap_bytes": { name: "In swap", unit: "bytes", means: "Memory of the process that was moved out to disk." },
  "task.pgtables_bytes": { name: "Page tables", unit: "bytes", means: "The kernel's bookkeeping of this process's memory." },
  "task.total_vm_bytes": { name: "Virtual memory", unit: "bytes", means: "All addresses the process had reserved." },
  "task.oom_score_adj": { name: "oom_score_adj", means: "A bias from −1000 (never kill) to 1000 (kill first)." },
  "task.uid": { name: "User id", means: "The user the process ran as." },
  "task.pid": { name: "Process id (pid)", means: "Number of the process, as the machine counts." },
};

/** The parts of a report, by the first line of each that fits: what the filter found in it, else its text. */
const PARTS_OF_REPORT = [
  [({ event }) => event === "invoked", "Who asked for memory, and how the kernel came here"],
  [({ event, victim }) => event === "usage" || (event === "constraint" && !victim), "The cgroup at its limit: what it used"],
  [(_, text) => /Mem-Info:/.test(text), "The memory of the whole machine"],
  [({ event }, text) => event === "tasks" || /Memory cgroup stats/.test(text), "What the memory was used for, and the table of processes"],
  [({ event, victim }) => event === "constraint" && victim, "Whose limit it was, and whom the kernel chose"],
  [({ event }) => event === "confirmed", "What other programs say of it"],
];

/** How the table of figures is divided. Every other field comes last. */
const GROUPS = [
  ["The process that was killed", /^victim\./],
  ["The cgroup at its limit", /^memory\./],
  ["Where it was", /^(pod|container|cgroup|unit|workload|nested)\b/],
  ["The request that failed", /^trigger\./],
  ["The report", /./],
];

/** Words of the page, explained. */
const GLOSSARY = {
  "OOM killer": "OOM is “out of memory”. When memory cannot be had in any other way, the kernel's OOM killer ends a process at once (signal 9, SIGKILL) to get its memory back. The process cannot prevent it and writes no last words.",
  kernel: "The core of Linux. It hands out memory, and writes what it does into the kernel log.",
  "kernel log": "Messages of the kernel, shown by `dmesg` or `journalctl -k`. An OOM kill leaves there a report of some 80 lines.",
  process: "A running program. Its number is the pid. A container holds one or more.",
  "child process": "A process that another one started. When a child is killed, its parent, and so the container, may go on.",
  cgroup: "Control group: a named group of processes whose memory the kernel counts together and limits. Each container is one, inside that of its pod, inside that of all pods.",
  "cgroup v1": "The older form of cgroups. There a kill is always of one process.",
  "cgroup v2": "The newer form of cgroups. There a whole group can be killed at once, see memory.oom.group.",
  limit: "The most memory that a cgroup may use. The machine's own memory is the last limit of all.",
  container: "A program and its files, run apart from the rest of the machine: in Kubernetes, Docker or podman.",
  pod: "In Kubernetes, one or more containers that run together. Its UID is its unique id.",
  node: "In Kubernetes, a machine that runs pods.",
  kubelet: "The program of Kubernetes on each node that starts and restarts containers.",
  "QoS class": "Quality of service: Kubernetes ranks pods as guaranteed, burstable or best-effort by their memory and CPU requests and limits. Best-effort pods are killed first.",
  request: "What a pod asks Kubernetes to set aside for it. Pods are placed by requests; what they use above them can run a node out of memory.",
  "resident memory": "RSS, resident set size: the memory that a process really occupies.",
  tmpfs: "Files that live in memory, such as /dev/shm or an emptyDir with medium: Memory. They count against the limit and stay when a process dies.",
  swap: "Disk space that the kernel moves memory out to. Most Kubernetes nodes have none.",
  page: "The piece in which memory is handed out, mostly 4 KiB.",
  "memory.oom.group": "A switch of cgroup v2: when one process has to die, all of its cgroup die. Kubernetes sets it for containers since 1.28, unless singleProcessOOMKill says otherwise.",
  OOMKilled: "What Kubernetes shows for a container whose first process was killed for memory. When only a child process was killed, it shows nothing.",
  "exit code 137": "128 + 9: ended by SIGKILL. An OOM kill is one cause of it; others are a failed liveness probe or a stop that took too long.",
  "systemd unit": "A service, scope or slice that systemd manages, in a cgroup of its own.",
  "suppressed report": "When kills come fast, the kernel writes at most 10 reports in 5 seconds. Of the other kills there is one line each, without the cgroup.",
  cpuset: "A restriction of processes to some processors and some parts of the memory.",
  "pause process": "A tiny process that Kubernetes keeps in each pod. It does no work.",
  "SysRq-f": "A key combination, or a write to /proc/sysrq-trigger, that asks the kernel for an OOM kill.",
  KiB: "1 KiB is 1024 bytes, 1 MiB is 1024 KiB, 1 GiB is 1024 MiB. The kernel writes kB and means KiB.",
};
