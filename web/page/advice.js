// What follows from a kill, what to do, and what the log cannot tell. Rules alone: each has `when`, a
// test of the record and of what the page knows besides, and `text`, prose for a person, or a function of the same two
// that makes it.
//
// `kill`: the `oom` of the record. `about`: whether a whole group was killed (`isGroup`), how many kills
// of the same place were before (`before`), whether the report has its first line (`wasTold`) and a table of processes
// (`hasTable`), whether kills came so fast that the kernel leaves out reports (`isStorm`), whether the kernel stopped the
// machine (`isPanic`) or found nobody to kill (`foundNobody`), whether the text has kills before this one
// (`hasEarlier`), and what Kubernetes calls pod and container (`names`).
"use strict";

const NODE_LEVELS = ["node", "kubepods", "qos"];
/** The kernel's own choice, for want of memory above any container. */
const isNodeLevel = (kill) => NODE_LEVELS.includes(kill.level) && !isOthers(kill);
const isEviction = (kill) => kill.event === "evicted";
const isUnfinished = (kill) => kill.event !== "kill" && !isEviction(kill);
/** Why systemd-oomd killed, in its own words. */
const isBySwap = ({ reason = "" }) => /swap used/.test(reason);
const isByPressure = ({ reason = "" }) => /^memory pressure for /.test(reason);
/** Kubernetes' own words help nobody whose container is Docker's. */
const isKubernetes = ({ pod, level, cgroup, event }) =>
  pod !== undefined || event === "evicted" || ["pod", "qos", "kubepods"].includes(level) || /kubepods/.test(cgroup?.victim ?? cgroup?.limit ?? "");
const TMPFS = (kill) => `[[tmpfs]], such as /dev/shm${isKubernetes(kill) ? " or an emptyDir with `medium: Memory`" : ""}`;
/** What may stand in a command as it is. */
const isPlain = (text) => /^\w[\w@.:-]*$/.test(text ?? "");

/**
 * What fits whoever owns the cgroup, by runtime or `workload.system`. `limit`: where the limit is set; `look`: a
 * command that shows more, of the kill; `outcome`: what happens now.
 */
const VIRTUAL_MACHINE = {
  outcome: "The killed process was a virtual machine, or one of its helpers. If it was the machine itself, the guest is gone as if its power had been cut: its own log says nothing of it.",
  limit: "The limit has to hold the guest's memory and what the program that runs it needs besides, some hundred MiB or more. Give the guest less memory, or the limit more.",
};
const OWNERS = {
  docker: { limit: "`--memory` of `docker run`, or `mem_limit` in a compose file" },
  podman: { limit: "`--memory` of `podman run`" },
  containerd: { limit: "`--memory` of `nerdctl run`" },
  nomad: {
    limit: "`memory` in the task's `resources`",
    look: ({ workload }) => isPlain(workload.id) && `nomad alloc status ${workload.id}`,
  },
  ecs: { limit: "`memory` of the container or the task in the task definition" },
  lxc: { limit: "`lxc.cgroup2.memory.max`; with Incus and LXD `limits.memory` of the instance, with Proxmox the container's memory" },
  slurm: {
    outcome: "Slurm notices when the step ends: its state is OUT_OF_MEMORY. Other processes of the step may have gone on until then, without the one that was killed.",
    limit: "Submit the job with more memory, `--mem` or `--mem-per-cpu`, or make it use less. What it used at most is in the accounts:",
    look: ({ workload }) => isPlain(workload.id) && `sacct -j ${workload.id} --format=JobID,State,ReqMem,MaxRSS`,
  },
  pbs: {
    limit: "Submit the job with more memory, `mem=` in its `select`, or make it use less. What it asked for and used:",
    look: ({ workload }) => isPlain(workload.id) && `qstat -fx ${workload.id}`,
  },
  htcondor: {
    limit: "Submit the job with a larger `request_memory`, or make it use less. The path names the slot and not the job: look in the StarterLog of the slot at this time.",
  },
  yarn: {
    limit: "Ask for larger containers, such as `mapreduce.map.memory.mb` or Spark's `spark.executor.memoryOverhead`: the limit holds the heap and all that lies outside of it. The application's own log:",
    look: ({ workload }) => isPlain(workload.id) && `yarn logs -applicationId ${workload.id}`,
  },
  libvirt: { ...VIRTUAL_MACHINE, look: ({ workload }) => isPlain(workload.id) && `virsh dominfo ${workload.id}` },
  proxmox: { ...VIRTUAL_MACHINE, look: ({ workload }) => isPlain(workload.id) && `qm config ${workload.id}` },
  firecracker: VIRTUAL_MACHINE,
  nspawn: {
    limit: "The limit is `MemoryMax=` of the machine's unit, for all that runs in it. What it is and holds:",
    look: ({ workload }) => isPlain(workload.id) && `machinectl status ${workload.id}`,
  },
  garden: { limit: "The limit is the app's: `cf scale APP -m`." },
  buildkit: { limit: "It was a step of an image build. The limit is that of the builder, or of the container that it runs in." },
  github: { limit: "The limit is that of the runner's service, `MemoryMax=`, for all that a job runs there. Lower the parallelism of the job, or use a larger runner." },
};
const ownerOf = ({ pod, container, workload }) =>
  pod ? undefined : OWNERS[workload?.system] ?? OWNERS[container?.runtime];
/** Advice in sentences; a setting alone is no sentence. */
const isSentence = (text) => /[.:]$/.test(text);
const isUsers = (kill) => /^\/user\.slice\/.*\/user@\d+\.service\//.test(kill.cgroup?.victim ?? "");

/** The first that fits says what happens now. */
const OUTCOMES = [
  {
    when: isEviction,
    text: "The pod is ended: its containers were stopped, and it stays as Failed, with the reason Evicted. What manages it, such as a Deployment, makes a new one, maybe on another [[node]]; a pod that nothing manages does not come back. While the node says MemoryPressure, it takes no new best-effort pods.",
  },
  {
    when: (kill) => isOthers(kill) && kill.victim,
    text: (kill) => /SIGTERM/.test(kill.reason ?? "")
      ? "The process was asked to end (SIGTERM), and could put its things in order. Whether something starts it again, the log does not say."
      : "The process is gone. Whether something starts it again, the log does not say.",
  },
  {
    when: (kill) => isOthers(kill) && (kill.pod || kill.container),
    text: (kill, about) => `All processes of the [[cgroup]] were killed at once (SIGKILL), its containers with it.${isKubernetes(kill) ? " The [[kubelet]] starts them again, after a growing pause, unless the pod's restartPolicy says Never. It need not call them [[OOMKilled]]: the kernel counted no kill of its own." : " Their restart policy decides what follows."}`,
  },
  {
    when: (kill) => isOthers(kill) && kill.unit?.endsWith(".service"),
    text: "All processes of the [[cgroup]] were killed at once (SIGKILL). If that was the whole service, systemd marks it failed, with result oom-kill; whether it starts again is up to its Restart= setting.",
  },
  {
    when: isOthers,
    text: "All processes of the [[cgroup]] were killed at once (SIGKILL). Whether something starts them again, the log does not say.",
  },
  {
    when: (kill, about) => about.isPanic,
    text: "Nothing goes on: the kernel stopped the whole machine.",
  },
  {
    when: (kill, about) => about.foundNobody,
    text: "Nobody was killed: the kernel found no process that it may kill. Whatever asks for memory there waits or fails.",
  },
  {
    when: (kill) => isUnfinished(kill),
    text: ({ victim, cgroup }) => [
      "Unknown: the line that says who was killed is not in this text.",
      victim ? " The kernel had chosen the process that is named above." : "",
      cgroup?.limit ? " Whose limit was hit is shown below." : "",
    ].join(""),
  },
  {
    when: (kill) => kill.container_outcome === "survives" && !kill.pod,
    text: "Processes of the container are left: only a [[child process]] was killed, and an older one lives on. If the program does not notice that its child is gone, it may hang or answer wrongly.",
  },
  {
    when: (kill) => kill.container_outcome === "survives",
    text: "The container goes on running. Only a [[child process]] was killed; an older process of the container lives on. Nothing reports this: in Kubernetes there is no restart, no [[OOMKilled]], no event. If the program does not notice that its child is gone, it may hang or answer wrongly.",
  },
  {
    when: (kill, about) => kill.container && !kill.pod && (about.isGroup || kill.container_outcome === "dies"),
    text: "The container is dead: none of its processes is left. It ends with [[exit code 137]]. Whether it starts again is up to the restart policy it was started with.",
  },
  {
    when: (kill) => kill.container && !kill.pod,
    text: "The log does not say for certain. If the killed process was the container's first, the container ends with [[exit code 137]], and its restart policy decides what follows. If it was a [[child process]], the container goes on.",
  },
  {
    when: (kill, about) => kill.container && (about.isGroup || kill.container_outcome === "dies"),
    text: "The container is dead: none of its processes is left. Kubernetes shows it as [[OOMKilled]] with [[exit code 137]] and starts it again, after a growing pause, unless the pod's restartPolicy says Never.",
  },
  {
    when: (kill) => kill.container && kill.survivors > 0,
    text: "The log does not say. Processes are left. If the killed process was the container's first, the container ends and is shown as [[OOMKilled]] with [[exit code 137]]. If it was a [[child process]], the container goes on and Kubernetes reports nothing.",
  },
  {
    when: (kill) => kill.container || kill.pod,
    text: "The log does not say for certain. If the killed process was its container's first, the container ends, is shown as [[OOMKilled]] with [[exit code 137]], and is started again. If it was a [[child process]], the container goes on and Kubernetes reports nothing.",
  },
  {
    when: (kill) => ownerOf(kill)?.outcome,
    text: (kill) => ownerOf(kill).outcome,
  },
  {
    when: (kill) => kill.unit?.endsWith(".service"),
    text: "With [[cgroup v2]] systemd notices: by default (OOMPolicy=stop) it stops the whole service and marks it failed with result oom-kill; whether it starts again is up to its Restart= setting.",
  },
  {
    when: (kill) => kill.level !== undefined || kill.constraint !== undefined,
    text: "The process is gone. Whether something starts it again, the log does not say.",
  },
  { when: () => true, text: "The process is gone. The log says nothing more about it." },
];

/** All that fit are shown, in this order. */
const ACTIONS = [
  {
    when: (kill) => kill.manual,
    text: "Find out who asked: a person or a script used [[SysRq-f]]. No limit was reached.",
  },
  {
    when: (kill, { names }) => isPlain(names?.pod) && isPlain(names.namespace),
    text: (kill) => isEviction(kill) ? "See what the kubelet says of the pod:" : "See what Kubernetes says of the pod:",
    command: (kill, { names }) => `kubectl describe pod -n ${names.namespace} ${names.pod}`,
  },
  {
    when: (kill, { names }) => !names && isPlain(kill.pod?.uid) && !kill.pod.uid.includes("-"),
    text: "Find the pod's name. It is a static pod, which the [[kubelet]] reads from a file; its UID is that file's hash:",
    command: ({ pod }) => `kubectl get pods -A -o custom-columns='NS:.metadata.namespace,NAME:.metadata.name,HASH:.metadata.annotations.kubernetes\\.io/config\\.hash' | grep ${pod.uid}`,
  },
  {
    when: (kill, { names }) => !names && isPlain(kill.pod?.uid) && kill.pod.uid.includes("-"),
    text: "Find the pod's name:",
    command: ({ pod }) => `kubectl get pods -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,UID:.metadata.uid | grep ${pod.uid}`,
  },
  {
    when: (kill) => kill.killer === "systemd-oomd",
    text: "systemd-oomd kills a whole [[cgroup]] before the [[kernel]] has to. No limit of this one need have been reached: it takes the one from which most memory was taken back, or that holds most swap. If this one must live, set `ManagedOOMPreference=avoid` or `omit` for its unit. What it watches:",
    command: () => "oomctl",
  },
  {
    when: (kill) => kill.killer === "systemd-oomd" && isByPressure(kill),
    text: "It killed for pressure: processes waited for memory for too large a part of the time. Find what grew in the cgroup that was under pressure, and give that less to do or more memory. If it kills too early, raise `ManagedOOMMemoryPressureLimit=` of that unit, or `DefaultMemoryPressureDurationSec=` in oomd.conf.",
  },
  {
    when: (kill) => kill.killer === "systemd-oomd" && isBySwap(kill),
    text: "It killed because [[swap]] was almost full. More swap, or less that is moved out to it, helps; the threshold is `SwapUsedLimit=` in oomd.conf.",
  },
  {
    when: (kill) => kill.killer === "systemd-oomd" && !isPlain(kill.unit),
    text: "Read all that it said at that time:",
    command: () => "journalctl -u systemd-oomd",
  },
  {
    when: (kill) => kill.killer === "talos",
    text: "Talos kills a whole [[cgroup]] when the machine waits too long for memory, best-effort and burstable pods first. Give the pods memory [[request|requests]] close to what they use. The trigger and the order are in the machine's configuration, `OOMConfig`.",
  },
  {
    when: (kill) => kill.killer === "oomd",
    text: "oomd kills by its own rules: the ruleset and the detector that it names stand in its configuration, mostly /etc/oomd.json.",
  },
  {
    when: isEviction,
    text: "The shortage was the [[node]]'s: the kubelet saw less free memory than its threshold (`evictionHard`, `memory.available`; 100 MiB unless it is set). It ends those first that use more than their [[request]], by their priority, and then by how much. A request close to what the pod really uses makes it one of the last.",
  },
  {
    when: isEviction,
    text: "See what else was evicted; with many in a row the node has too little memory for what is placed on it:",
    command: () => "kubectl get events -A --field-selector reason=Evicted",
  },
  {
    when: (kill) => kill.attribution === "witness" && !isOthers(kill),
    text: "Read the kernel's own lines of that time: they say which process it was, and at whose limit.",
    command: () => "journalctl -k",
  },
  {
    when: (kill) => kill.killer === "earlyoom",
    text: "earlyoom kills the process that it finds worst while memory and swap are below its limits. If this one must live, name it in `--avoid`; the limits are `-m` and `-s`. On most machines both stand in /etc/default/earlyoom.",
  },
  {
    when: (kill) => kill.container?.runtime === "docker" && !kill.pod && isPlain(kill.container.id),
    text: "Find the container's name:",
    command: ({ container }) => `docker inspect --format '{{.Name}}' ${container.id}`,
  },
  {
    // A batch system has a unit for all its jobs.
    when: (kill) => isPlain(kill.unit) && !ownerOf(kill)?.look,
    text: "See how the unit took it:",
    command: (kill) => `systemctl ${isUsers(kill) ? "--user " : ""}status ${kill.unit}`,
  },
  {
    when: (kill) => kill.level === "container",
    text: (kill) => {
      const limit = kill.pod ? "`limits.memory`" : ownerOf(kill)?.limit;
      const raise = limit && !isSentence(limit) ? limit : "it";
      return `Look at the container's memory over the days before. A steady climb is a leak: find it, a higher [[limit]] only delays the next kill. A flat line with peaks means that the limit is too low for the work: raise ${raise}.`;
    },
  },
  {
    when: (kill) => kill.level === "container" && ownerOf(kill)?.look?.(kill),
    text: "See what its owner knows of it:",
    command: (kill) => ownerOf(kill).look(kill),
  },
  {
    when: (kill) => kill.level === "container" || kill.level === "pod",
    text: "Tell the program its limit, where it has a setting: `-XX:MaxRAMPercentage` for Java, `--max-old-space-size` for Node, `GOMEMLIMIT` for Go. Leave room for what lies outside its heap.",
  },
  {
    when: (kill) => kill.level === "pod",
    text: "The limit is the whole pod's: what its containers may use together. With one container read it as the container's own limit. With several, look which of them grew: the one that was killed need not be the one.",
  },
  {
    when: (kill) => kill.level === "cgroup" && isSentence(ownerOf(kill)?.limit ?? ""),
    text: (kill) => ownerOf(kill).limit,
    command: (kill) => ownerOf(kill).look?.(kill),
  },
  {
    when: (kill) => kill.level === "cgroup" && !isSentence(ownerOf(kill)?.limit ?? ""),
    text: "The [[limit]] was set for this cgroup: for a systemd unit by `MemoryMax=`, for a container tool by its memory option. Raise it, or find what grew.",
  },
  {
    when: isConfined,
    text: "The process was confined to a part of the machine's memory, and that part was full. Other parts may have been free: look at the [[cpuset]] or at numactl.",
  },
  {
    when: (kill) => isNodeLevel(kill) && !kill.manual,
    text: (kill, about) => {
      const where = isConfined(kill) ? "in a part of the machine" : isKubernetes(kill) ? "on the whole [[node]]" : "on the whole machine";
      const look = about.hasTable ? " Look at the largest processes below." : "";
      return `Do not blame the killed process first: this was a shortage ${where}, and the victim is whom the kernel chose.${look}`;
    },
  },
  {
    when: (kill) => (kill.level === "kubepods" || kill.level === "qos") && !isUnfinished(kill),
    text: "The pods together used up what the node gives to pods. Give each a memory [[request]] close to what it really uses, so that fewer are placed here; or use larger nodes.",
  },
  {
    when: (kill) => kill.level === "node" && kill.constraint === "none" && !kill.manual && !isOthers(kill),
    text: (kill) => `Give the machine more memory or less work.${isKubernetes(kill) ? " Also set system-reserved and eviction thresholds of the [[kubelet]], so that it moves pods away before the kernel has to kill." : ""}`,
  },
  {
    when: ({ memory }) => memory?.mostly === "shmem",
    text: (kill) => `Most of the memory is shared memory or ${TMPFS(kill)}: it counts against the [[limit]] and stays when a process dies. Find what writes there${isKubernetes(kill) ? ", and set `sizeLimit` on the emptyDir" : ""}.`,
  },
  {
    when: ({ memory }) => memory?.mostly === "kernel",
    text: "Most of the memory is the [[kernel]]'s own: many open files, file names, threads or sockets make it grow. `slabtop` on the machine shows what it is of.",
  },
  {
    when: ({ memory }) => memory?.mostly === "sock",
    text: "Most of the memory is in buffers of sockets: somebody sends faster than it is read. Look at `ss -tm` on the machine.",
  },
  {
    when: ({ memory }) => memory?.mostly === "file",
    text: "Most of the memory is cache of files that the [[kernel]] could not give back in time: written faster than the disk takes it, or locked.",
  },
  {
    when: ({ victim = {} }) => Number(victim.shmem_rss_bytes) > Number(victim.anon_rss_bytes),
    text: (kill) => `Most of what the process held was shared memory. Look at files in ${TMPFS(kill)}: they count against the [[limit]] and stay when the process dies.`,
  },
  {
    when: (kill, about) => about.before > 0,
    text: "It has happened before in this text: whatever was done then did not mend it.",
  },
  {
    when: (kill, about) => kill.attribution === "none" && about.isStorm,
    text: "Read the reports just before this kill in the list: when kills come fast, they mostly have one cause.",
  },
  {
    when: (kill, about) => kill.attribution === "none" && !about.isStorm,
    text: "Paste the 80 lines before the kill too, all that the [[kernel log]] has: `grep` for one line leaves the report out.",
  },
  {
    when: isUnfinished,
    text: "Get the log again from where it is whole: `journalctl -k` keeps what the kernel's own short memory (`dmesg`) has overwritten.",
  },
];

/** All that fit are shown. */
const GAPS = [
  {
    when: (kill) => kill.ambiguous,
    text: "Which reading is right. A name in this line imitates the kernel's own words, so everything that depends on the reading is left out.",
  },
  {
    when: (kill) => kill.attribution === "none" && kill.level === undefined,
    text: (kill, about) => about.isStorm
      ? "Which container it was. Kills came so fast that the kernel left out this one's report, a [[suppressed report]], and the process is in no table before it."
      : "Which container it was: this text has no report of the kill. Paste the 80 lines before it.",
  },
  {
    when: (kill) => kill.attribution === "witness" && !isOthers(kill),
    text: "Which process it was, how much it held, and whose limit was hit. The [[kernel]]'s own lines are not in this text: another program alone tells of the kill.",
  },
  {
    when: (kill) => kill.attribution === "witness" && isOthers(kill),
    text: (kill) => `Why ${plainText(kill.killer)} did it: its own line is not in this text.`,
  },
  {
    when: (kill) => isOthers(kill) && !kill.victim && !isEviction(kill),
    text: "Which processes were killed, and what each of them held: the line names their cgroup alone.",
  },
  {
    when: (kill) => isEviction(kill) && /^must evict/.test(kill.reason ?? ""),
    text: "How short memory was, and what the pod used: the kubelet writes that with `-v=3`, and into the pod's status and events.",
  },
  {
    when: isOthers,
    text: "Who is to blame: the one that was chosen need not be the one that grew.",
  },
  {
    when: (kill) => kill.attribution === "reaper",
    text: "Which container it was, and how much it held. This text lacks the [[kernel]]'s lines of the kill: only its clean-up afterwards names the process.",
  },
  {
    when: (kill) => kill.attribution === "table",
    text: "Whether the place is right beyond doubt. This text has no report of this kill; the process stands in the table of the newest report before it.",
  },
  {
    when: (kill, { names }) => kill.pod && !names && !isOthers(kill),
    text: "The names of pod, namespace and container: the [[kernel]] knows ids alone.",
  },
  {
    when: (kill) => kill.container && !kill.pod && !isOthers(kill),
    text: "The name of the container: the [[kernel]] knows ids alone.",
  },
  {
    when: (kill) => ["app", "flatpak", "snap"].includes(kill.workload?.system) && isUsers(kill),
    text: "Whether it was that application: a user may give his [[cgroup]]s any name.",
  },
  {
    when: (kill, about) => kill.container && !kill.container_outcome && !about.isPanic && !isOthers(kill),
    text: "Whether the killed process was the container's first, and so whether the container ended.",
  },
  {
    when: (kill) => kill.level && !isNodeLevel(kill) && !isOthers(kill),
    text: "How the memory came to be used: the report is one moment. It has no history and no view into the program.",
  },
  {
    when: isNodeLevel,
    text: (kill, about) => about.hasTable
      ? "Who is to blame: the table has sizes at one moment, not what each process was meant to use."
      : "Who is to blame: this text has no table of the processes.",
  },
  {
    when: (kill, about) => !about.wasTold && kill.attribution === "report",
    text: "What the missing lines said: this text has only part of the report.",
  },
  {
    when: (kill) => kill.at_us !== undefined && kill.time_us === undefined && kill.when === undefined,
    text: "The date: the kernel's clock starts at boot.",
  },
];

function outcomeOf(kill, about) {
  return said(OUTCOMES.find(({ when }) => when(kill, about)), kill, about).text;
}

function fitting(rules, kill, about) {
  return rules.filter(({ when }) => when(kill, about)).map((rule) => said(rule, kill, about));
}

/** A rule whose text is that of this kill. */
function said({ text, ...rule }, kill, about) {
  return { ...rule, text: typeof text === "function" ? text(kill, about) : text };
}
