//! Kills whose truth is known, and what a kernel prints of them.

use std::collections::HashSet;
use std::fmt::Write as _;

use oom_suite::dice::Dice;

/// A kernel, as far as its wording differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kernel {
    Rhel7,
    V3_16,
    V4_4,
    V4_19,
    V5_0,
    V5_2,
    V5_15,
    V6_12,
}

impl Kernel {
    pub const ALL: [Self; 8] = [
        Self::Rhel7,
        Self::V3_16,
        Self::V4_4,
        Self::V4_19,
        Self::V5_0,
        Self::V5_2,
        Self::V5_15,
        Self::V6_12,
    ];

    /// The kill line says whose limit, and the constraint line names the victim.
    pub fn is_new(self) -> bool {
        self >= Self::V5_2
    }

    /// Kills of several cgroups run side by side.
    pub fn is_parallel(self) -> bool {
        self <= Self::V3_16
    }

    fn has_constraint_line(self) -> bool {
        self >= Self::V5_0
    }

    fn release(self) -> &'static str {
        match self {
            Self::Rhel7 => "3.10.0-1160.el7.x86_64",
            Self::V3_16 => "3.16.0-6-amd64",
            Self::V4_4 => "4.4.0-210-generic",
            Self::V4_19 => "4.19.0-27-amd64",
            Self::V5_0 => "5.0.21-300.fc30.x86_64",
            Self::V5_2 => "5.2.21-200.fc30.x86_64",
            Self::V5_15 => "5.15.0-1051-azure",
            Self::V6_12 => "6.12.0-1-amd64",
        }
    }
}

/// Whose limit a kill is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Container,
    Pod,
    Node,
}

/// What is true of one killed process.
#[derive(Clone, Debug)]
pub struct Truth {
    pub kernel: Kernel,
    pub pid: u64,
    /// Unique in a log.
    pub total_vm_kib: u64,
    pub pod: String,
    pub container: String,
    pub limit: Limit,
    pub limit_path: Option<String>,
    /// Unique in a log.
    pub limit_kib: u64,
    /// Those that stand in the table of its own report.
    pub listed: HashSet<u64>,
    pub trigger_pid: u64,
    /// How many of its kill lines are in the log as it is read.
    pub kill_lines: usize,
}

/// A line of a kernel, and the kill that it tells of where it is the kill line.
#[derive(Clone, Debug)]
pub struct Line {
    pub text: String,
    /// Microseconds since boot.
    pub at_us: u64,
    pub kills: Option<usize>,
}

impl Line {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            at_us: 0,
            kills: None,
        }
    }
}

/// How the kills of one machine are made.
#[derive(Clone, Debug)]
pub struct Plan {
    pub kernel: Kernel,
    pub has_table: bool,
    /// Every process has the same name.
    pub one_name: bool,
    pub pids: std::ops::Range<u64>,
}

/// What one machine runs.
#[derive(Debug)]
pub struct Cluster {
    pods: Vec<Pod>,
}

#[derive(Debug)]
struct Pod {
    uid: String,
    containers: Vec<Container>,
    is_systemd: bool,
    /// Which of its limits is reached: the container's, or first the pod's, the sum of all containers'.
    limit: Limit,
}

#[derive(Debug)]
struct Container {
    id: String,
    processes: Vec<Process>,
}

#[derive(Clone, Debug)]
struct Process {
    pid: u64,
    comm: String,
    uid: u64,
    pages: u64,
    total_vm_kib: u64,
}

impl Pod {
    fn path(&self) -> String {
        if self.is_systemd {
            let uid = self.uid.replace('-', "_");
            format!("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid}.slice")
        } else {
            format!("/kubepods/burstable/pod{}", self.uid)
        }
    }

    fn path_of(&self, container: &Container) -> String {
        if self.is_systemd {
            format!("{}/cri-containerd-{}.scope", self.path(), container.id)
        } else {
            format!("{}/{}", self.path(), container.id)
        }
    }
}

impl Cluster {
    pub fn new(plan: &Plan, dice: &mut Dice) -> Self {
        const NAMES: [&str; 5] = ["java", "python3", "node", "worker", "a b"];
        let mut taken = HashSet::new();
        let is_systemd = dice.chance(50);
        let mut process = |dice: &mut Dice| {
            let pid = loop {
                let pid = dice.number(plan.pids.start, plan.pids.end);
                if taken.insert(pid) {
                    break pid;
                }
            };
            Process {
                pid,
                comm: if plan.one_name {
                    "java"
                } else {
                    dice.one_of(&NAMES)
                }
                .to_owned(),
                uid: dice.one_of(&[0, 0, 1000, 65_534]),
                pages: dice.number(100, 100_000),
                total_vm_kib: dice.number(100_000, 1 << 24) * 4,
            }
        };
        let pods = (0..dice.number(2, 5))
            .map(|_| Pod {
                uid: format!(
                    "{}-{}-4{}-a{}-{}",
                    dice.hex(8),
                    dice.hex(4),
                    dice.hex(3),
                    dice.hex(3),
                    dice.hex(12)
                ),
                is_systemd,
                limit: dice.one_of(&[Limit::Container, Limit::Container, Limit::Pod]),
                containers: (0..dice.number(1, 3))
                    .map(|_| {
                        let mut processes: Vec<_> =
                            (0..dice.number(1, 7)).map(|_| process(dice)).collect();
                        // The kernel lists them in the order in which they began; numbers wrap.
                        processes.sort_by_key(|process| process.pid);
                        if dice.chance(10) {
                            processes.rotate_left(1);
                        }
                        Container {
                            id: dice.hex(64),
                            processes,
                        }
                    })
                    .collect(),
            })
            .collect();
        Self { pods }
    }
}

/// One run of the OOM killer: its lines, and the kills that it adds to `truths`.
pub fn report(
    plan: &Plan,
    cluster: &mut Cluster,
    is_suppressed: bool,
    // The kernel runs one for a hierarchy at a time.
    busy: &mut HashSet<String>,
    truths: &mut Vec<Truth>,
    dice: &mut Dice,
) -> Option<Vec<Line>> {
    let kernel = plan.kernel;
    let alive = |pod: &Pod| pod.containers.iter().any(|each| !each.processes.is_empty());
    let pods: Vec<usize> = (0..cluster.pods.len())
        .filter(|at| alive(&cluster.pods[*at]) && !busy.contains(&cluster.pods[*at].uid))
        .collect();
    if pods.is_empty() {
        return None;
    }
    let pod_at = dice.one_of(&pods);
    let pod = &cluster.pods[pod_at];
    let full: Vec<usize> = (0..pod.containers.len())
        .filter(|at| !pod.containers[*at].processes.is_empty())
        .collect();
    let container_at = dice.one_of(&full);
    let container = &pod.containers[container_at];
    let is_global = dice.chance(20) && busy.insert("node".to_owned());
    let limit = if is_global { Limit::Node } else { pod.limit };
    busy.insert(pod.uid.clone());
    let is_group = kernel >= Kernel::V4_19 && limit == Limit::Container && dice.chance(20);
    let limit_path = match limit {
        Limit::Container => Some(pod.path_of(container)),
        Limit::Pod => Some(pod.path()),
        Limit::Node => None,
    };
    let listed: Vec<Process> = match limit {
        Limit::Container => container.processes.clone(),
        Limit::Pod => processes(&[pod]),
        Limit::Node => processes(&cluster.pods.iter().collect::<Vec<_>>()),
    };
    let victim = container.processes[dice.index(container.processes.len())].clone();
    // Up to 5.0 a child of the selected may be killed in its place.
    let selected = if kernel <= Kernel::V5_0 && dice.chance(15) {
        container.processes[dice.index(container.processes.len())].clone()
    } else {
        victim.clone()
    };
    let trigger = listed[dice.index(listed.len())].clone();
    let limit_kib = dice.number(10_000, 1 << 22) * 4;
    let task_path = pod.path_of(container);
    let (pod_uid, container_id) = (pod.uid.clone(), container.id.clone());

    let killed: Vec<Process> = if is_group {
        let others = container
            .processes
            .iter()
            .filter(|each| each.pid != victim.pid);
        [&victim].into_iter().chain(others).cloned().collect()
    } else {
        Vec::from([victim.clone()])
    };
    let container = &mut cluster.pods[pod_at].containers[container_at];
    container
        .processes
        .retain(|each| killed.iter().all(|killed| killed.pid != each.pid));

    let first = truths.len();
    for process in &killed {
        truths.push(Truth {
            kernel,
            pid: process.pid,
            total_vm_kib: process.total_vm_kib,
            pod: pod_uid.clone(),
            container: container_id.clone(),
            limit,
            limit_path: limit_path.clone(),
            limit_kib,
            listed: listed.iter().map(|each| each.pid).collect(),
            trigger_pid: trigger.pid,
            kill_lines: 0,
        });
    }
    let text = Text {
        kernel,
        limit,
        limit_path: limit_path.as_deref(),
        limit_kib,
        task_path: &task_path,
        is_group,
        trigger: &trigger,
        victim: &victim,
        selected: &selected,
    };
    let figures = (!is_suppressed).then_some(&listed[..]);
    Some(text.lines(plan, figures, &killed, first, dice))
}

fn processes(pods: &[&Pod]) -> Vec<Process> {
    let containers = pods.iter().flat_map(|pod| &pod.containers);
    let mut all: Vec<_> = containers
        .flat_map(|container| container.processes.iter().cloned())
        .collect();
    all.sort_by_key(|process| process.pid);
    all
}

/// The wording of one report.
struct Text<'a> {
    kernel: Kernel,
    limit: Limit,
    limit_path: Option<&'a str>,
    limit_kib: u64,
    task_path: &'a str,
    is_group: bool,
    trigger: &'a Process,
    victim: &'a Process,
    selected: &'a Process,
}

impl Text<'_> {
    /// All of it. `listed` is absent where the kernel suppresses all but the kill lines, of which the first is
    /// of the kill `first`.
    fn lines(
        &self,
        plan: &Plan,
        listed: Option<&[Process]>,
        killed: &[Process],
        first: usize,
        dice: &mut Dice,
    ) -> Vec<Line> {
        let mut out = Vec::new();
        if let Some(listed) = listed {
            self.head(&mut out, dice);
            if plan.has_table {
                self.table(listed, &mut out);
            }
            if self.kernel.has_constraint_line() {
                out.push(self.constraint());
            }
        }
        if self.kernel <= Kernel::V5_0 {
            out.push(self.announcement(dice));
        }
        out.push(self.kill(self.victim, first));
        if let [_, others @ ..] = killed
            && self.is_group
        {
            out.push(Line::new(format!(
                "Tasks in {} are going to be killed due to memory.oom.group set",
                self.task_path
            )));
            // The kernel prints the first victim's line once more.
            out.push(self.kill(self.victim, first));
            let others = others.iter().zip(first + 1..);
            out.extend(others.map(|(process, truth)| self.kill(process, truth)));
        }
        if self.kernel >= Kernel::V4_19 && dice.chance(30) {
            out.push(Line::new(format!(
                "oom_reaper: reaped process {} ({}), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
                self.victim.pid, self.victim.comm
            )));
        }
        out
    }

    /// Header, stack, whose limit, memory.
    fn head(&self, out: &mut Vec<Line>, dice: &mut Dice) {
        let kernel = self.kernel;
        let trigger = &self.trigger.comm;
        let mask = match kernel {
            Kernel::Rhel7 | Kernel::V3_16 => "gfp_mask=0xd0, order=0",
            Kernel::V4_4 => "gfp_mask=0x24000c0, order=0",
            Kernel::V4_19 => "gfp_mask=0x6000c0(GFP_KERNEL), nodemask=(null), order=0",
            _ => "gfp_mask=0xcc0(GFP_KERNEL), order=0",
        };
        let mut line = |text: String| out.push(Line::new(text));
        line(format!(
            "{trigger} invoked oom-killer: {mask}, oom_score_adj=0"
        ));
        if !kernel.has_constraint_line() {
            line(format!(
                "{trigger} cpuset={} mems_allowed=0",
                &self.task_path[self.task_path.len() - 12..]
            ));
        }
        let user = if kernel >= Kernel::V6_12 {
            " UID: 0"
        } else {
            ""
        };
        line(format!(
            "CPU: {}{user} PID: {} Comm: {trigger} Not tainted {} #1",
            dice.number(0, 16),
            self.trigger.pid,
            kernel.release()
        ));
        line("Hardware name: QEMU Standard PC (i440FX + PIIX, 1996)".to_owned());
        line("Call Trace:".to_owned());
        line(" dump_header+0x4c/0x22b".to_owned());
        line(" oom_kill_process+0x24d/0x4c0".to_owned());
        let Some(limit_path) = self.limit_path else {
            line("Mem-Info:".to_owned());
            line("active_anon:1523 inactive_anon:433 isolated_anon:0".to_owned());
            line("Node 0 DMA: 1*4kB (U) 1*8kB (U) 0*16kB = 12kB".to_owned());
            line("0 pages in swap cache".to_owned());
            return;
        };
        if !kernel.has_constraint_line() {
            line(format!(
                "Task in {} killed as a result of limit of {limit_path}",
                self.task_path
            ));
        }
        let limit = self.limit_kib;
        line(format!(
            "memory: usage {limit}kB, limit {limit}kB, failcnt {}",
            dice.number(1, 9999)
        ));
        if kernel <= Kernel::V5_0 {
            line(format!(
                "memory+swap: usage {limit}kB, limit 9007199254740988kB, failcnt 0"
            ));
            line("kmem: usage 400kB, limit 9007199254740988kB, failcnt 0".to_owned());
        } else {
            line("swap: usage 0kB, limit 0kB, failcnt 0".to_owned());
        }
        if kernel <= Kernel::V5_2 {
            let figures =
                "cache:0KB rss:4096KB mapped_file:0KB inactive_anon:0KB active_anon:4096KB";
            line(format!("Memory cgroup stats for {limit_path}: {figures}"));
            if self.limit == Limit::Pod {
                line(format!(
                    "Memory cgroup stats for {}: {figures}",
                    self.task_path
                ));
            }
        } else {
            line(format!("Memory cgroup stats for {limit_path}:"));
            line("anon 20877312".to_owned());
            line("file 0".to_owned());
        }
    }

    fn table(&self, listed: &[Process], out: &mut Vec<Line>) {
        let wide = self.kernel >= Kernel::V4_19;
        if wide {
            out.push(Line::new("Tasks state (memory values in pages):"));
        }
        out.push(Line::new(match self.kernel {
            Kernel::Rhel7 | Kernel::V3_16 => "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name",
            Kernel::V4_4 => "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name",
            Kernel::V4_19 | Kernel::V5_0 | Kernel::V5_2 | Kernel::V5_15 => "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
            Kernel::V6_12 => "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name",
        }));
        for process in listed {
            let Process {
                pid,
                uid,
                pages,
                comm,
                total_vm_kib,
            } = process;
            let total_vm = total_vm_kib / 4;
            let mut row = if wide {
                format!("[{pid:>7}] {uid:>5} {pid:>5} {total_vm:>8} {pages:>8} ")
            } else {
                format!("[{pid:>5}] {uid:>5} {pid:>5} {total_vm:>8} {pages:>8} ")
            };
            let rest = match self.kernel {
                Kernel::Rhel7 | Kernel::V3_16 => "     14        0             0",
                Kernel::V4_4 => "     14       3        0             0",
                Kernel::V4_19 | Kernel::V5_0 | Kernel::V5_2 | Kernel::V5_15 => {
                    "   77824        0             0"
                }
                Kernel::V6_12 => "    5230        0         0    77824        0             0",
            };
            write!(row, "{rest} {comm}").unwrap();
            out.push(Line::new(row));
        }
    }

    fn constraint(&self) -> Line {
        let Process { comm, pid, uid, .. } = if self.kernel == Kernel::V5_0 {
            self.selected
        } else {
            self.victim
        };
        let task = self.task_path;
        let (word, limit) = match self.limit_path {
            Some(limit) => ("CONSTRAINT_MEMCG", format!("oom_memcg={limit}")),
            None => ("CONSTRAINT_NONE", "global_oom".to_owned()),
        };
        let word = if self.kernel == Kernel::V5_0 {
            "CONSTRAINT_NONE"
        } else {
            word
        };
        Line::new(format!(
            "oom-kill:constraint={word},nodemask=(null),cpuset={},mems_allowed=0,{limit},task_memcg={task},task={comm},pid={pid},uid={uid}",
            &task[task.len() - 12..]
        ))
    }

    fn whose(&self) -> &'static str {
        match self.limit {
            Limit::Container | Limit::Pod => "Memory cgroup out of memory",
            Limit::Node => "Out of memory",
        }
    }

    fn announcement(&self, dice: &mut Dice) -> Line {
        let Process { comm, pid, .. } = self.selected;
        Line::new(format!(
            "{}: Kill process {pid} ({comm}) score {} or sacrifice child",
            self.whose(),
            dice.number(0, 1999)
        ))
    }

    fn kill(&self, process: &Process, truth: usize) -> Line {
        let Process {
            pid,
            comm,
            uid,
            pages,
            total_vm_kib,
            ..
        } = process;
        let anon = pages * 4;
        let whose = self.whose();
        let figures = format!("total-vm:{total_vm_kib}kB, anon-rss:{anon}kB, file-rss:0kB");
        let text = match self.kernel {
            Kernel::Rhel7 => {
                format!("Killed process {pid} ({comm}), UID {uid}, {figures}, shmem-rss:0kB")
            }
            Kernel::V3_16 | Kernel::V4_4 => format!("Killed process {pid} ({comm}) {figures}"),
            Kernel::V4_19 | Kernel::V5_0 => {
                format!("Killed process {pid} ({comm}) {figures}, shmem-rss:0kB")
            }
            Kernel::V5_2 => {
                format!("{whose}: Killed process {pid} ({comm}) {figures}, shmem-rss:0kB")
            }
            Kernel::V5_15 | Kernel::V6_12 => format!(
                "{whose}: Killed process {pid} ({comm}) {figures}, shmem-rss:0kB, UID:{uid} pgtables:76kB oom_score_adj:0"
            ),
        };
        Line {
            kills: Some(truth),
            ..Line::new(text)
        }
    }
}
