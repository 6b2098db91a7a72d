-- The functions of oom-clickhouse.wasm. Run them once on each server, after the module was loaded (README.md). On a
-- cluster put ON CLUSTER '{cluster}' behind each name.
--
-- Every server needs, in its configuration: allow_experimental_webassembly_udf = true.
--
-- Without webassembly_udf_enable_fuel = 0 a function has fuel for some hundred million instructions, which a window
-- of a noisy node uses up. The work of the module is linear in its input.
--
-- ClickHouse takes arguments of exactly these types: cast what differs.

-- The kills in the lines of a log, in order, each as it stood in a file: a text (dmesg, syslog, journalctl), a record
-- of /dev/kmsg, or a JSON object as a log shipper writes them. A JSON object is believed as it stands, so hand over
-- none that a container wrote.
--
-- A row is a kill where `event` is 'kill'. 'evicted' is a pod that the kubelet evicted for memory, 'pressure' what
-- another program tells of pressure without a kill. 'truncated' is a report that never came to its kill, 'no_victim' and
-- 'panic' are what the kernel says of its end. 'unread' is no kill: `reason` says what could not be read.
CREATE OR REPLACE FUNCTION oom_kills
    LANGUAGE WASM ABI BUFFERED_V1 FROM 'oom' :: 'oom_kills'
    ARGUMENTS (lines Array(String))
    RETURNS Array(Tuple(
        event String,                          -- what the row is
        time Nullable(DateTime64(6, 'UTC')),   -- when, by the line itself, else by the table
        host String,                           -- the machine, by the table, else by the line
        killer String,                         -- 'kernel', or the program that killed
        level String,                          -- whose limit: container, pod, qos, kubepods, node, cgroup
        namespace String,                      -- of the pod, where the line's own attributes name this very pod
        pod String,
        pod_uid String,
        container String,
        container_id String,
        unit String,                           -- the systemd unit, where there is no pod
        workload_system String,                -- slurm, ecs, libvirt and others
        workload String,                       -- the job, the task, the machine
        cgroup String,                         -- the victim's path, else that of the limit
        victim String,                         -- the process, by the name that it gave itself
        victim_pid UInt32,                     -- 0 where none is told
        rss_bytes Nullable(UInt64),            -- its resident memory
        limit_bytes Nullable(UInt64),          -- the limit that was hit
        usage_bytes Nullable(UInt64),          -- what was charged to it
        mostly String,                         -- what filled it: anon, file, shmem, kernel, sock
        container_outcome String,              -- dies, survives
        attribution String,                    -- how the kill got its cgroup
        origin String,                         -- 'kernel' where that is proven, else 'unsaid'
        nested Bool,                           -- inside another container, whose owner can have made it up
        at_us Nullable(UInt64),                -- the kernel's clock, in microseconds since boot
        id String,                             -- of the report
        reason String,                         -- another program's own words; of 'unread' what was wrong
        summary String,                        -- one sentence
        record String                          -- all of it, as JSON: docs/fields.md
    ))
    SETTINGS serialization_format = 'RowBinary', webassembly_udf_enable_fuel = 0;

-- The same of the lines of a table, in order. `line` is a text, whatever it looks like: whoever wrote it chose all of
-- it. `attributes` is what the shipper says of it, and is believed: fields of the journal by their own names
-- (_TRANSPORT, _SYSTEMD_UNIT, SYSLOG_IDENTIFIER), attributes of OpenTelemetry, facility and appname of syslog. They
-- tell who wrote a line; where nothing does, pass map().
CREATE OR REPLACE FUNCTION oom_kills_at
    LANGUAGE WASM ABI BUFFERED_V1 FROM 'oom' :: 'oom_kills_at'
    ARGUMENTS (lines Array(Tuple(time DateTime64(6, 'UTC'), host String, line String, attributes Map(String, String))))
    RETURNS Array(Tuple(
        event String, time Nullable(DateTime64(6, 'UTC')), host String, killer String, level String,
        namespace String, pod String, pod_uid String, container String, container_id String, unit String,
        workload_system String, workload String, cgroup String, victim String, victim_pid UInt32,
        rss_bytes Nullable(UInt64), limit_bytes Nullable(UInt64), usage_bytes Nullable(UInt64), mostly String,
        container_outcome String, attribution String, origin String, nested Bool, at_us Nullable(UInt64), id String,
        reason String, summary String, record String
    ))
    SETTINGS serialization_format = 'RowBinary', webassembly_udf_enable_fuel = 0;

-- What one line says by itself: `event` is '' where that is nothing of an OOM kill. A kill line has no cgroup and no
-- limit, which stand in the other lines of its report: use the functions above wherever there are more lines.
CREATE OR REPLACE FUNCTION oom_line
    LANGUAGE WASM ABI BUFFERED_V1 FROM 'oom' :: 'oom_line'
    ARGUMENTS (line String)
    RETURNS Tuple(
        event String, time Nullable(DateTime64(6, 'UTC')), host String, killer String, level String,
        namespace String, pod String, pod_uid String, container String, container_id String, unit String,
        workload_system String, workload String, cgroup String, victim String, victim_pid UInt32,
        rss_bytes Nullable(UInt64), limit_bytes Nullable(UInt64), usage_bytes Nullable(UInt64), mostly String,
        container_outcome String, attribution String, origin String, nested Bool, at_us Nullable(UInt64), id String,
        reason String, summary String, record String
    )
    SETTINGS serialization_format = 'RowBinary', webassembly_udf_enable_fuel = 0;

-- Whose a cgroup path is, as the kernel prints it, from the root of its hierarchy.
CREATE OR REPLACE FUNCTION oom_cgroup
    LANGUAGE WASM ABI BUFFERED_V1 FROM 'oom' :: 'oom_cgroup'
    ARGUMENTS (path String)
    RETURNS Tuple(
        level String, pod_uid String, qos String, container_id String, runtime String, unit String,
        workload_system String, workload String, workload_part String, nested Bool
    )
    SETTINGS serialization_format = 'RowBinary', webassembly_udf_enable_fuel = 0;

-- Whether a text holds a word that a line of an OOM report begins with, or that tells of a kill: what ClickHouse can
-- search for by itself, before the parser reads anything. The words are those of the parser; a test compares them.
-- An index of the type ngrambf_v1 lets it skip granules.
CREATE OR REPLACE FUNCTION oom_word AS text -> multiSearchAny(text, [
    ' SIGKILL to cgroup ', ' oom-kill event', ' oom_kill event', ' was killed by earlyoom', '"MESSAGE": [', '"MESSAGE":[',
    '0da52717891d8ef', '9dbf31e3c81256e4ed', 'Memory cgroup stats for ', 'Memory limit reached of', 'OOM received',
    'OOM victim ', 'OOM: the memory limit could be too low', 'PODMAN_OOM_KILLED', 'TaskOOM event ',
    'Tasks state (memory values in pages):', 'as a result of limit of', 'client.driver_mgr.docker: OOM Killed',
    'container init was OOM-killed', 'deadlocked on memory', 'due to memory ', 'has mm pinned by ', 'ill process ',
    'illed process ', 'illed process', 'ions met for cgroup ', 'kB, failcnt ', 'kb exceeded limit ', 'mem avail: ',
    'memory limit (', 'memory.oom.group', 'no killable processes', 'oom-kill:,cpuset', 'oom-kill:constraint',
    'oom-killer:', 'oom_reaper: ', 'oomd kill: ', 'panic_on_oom is ', 'tgid total_vm', 'to swap used',
    'viction_manager.go:'
]);

-- A line of a table, of the type that oom_kills_at takes.
CREATE OR REPLACE FUNCTION oom_entry AS (time, host, line, attributes) -> CAST(
    (time, host, line, attributes),
    'Tuple(time DateTime64(6, ''UTC''), host String, line String, attributes Map(String, String))'
);

-- Pairs of (place, line) into the windows of oom_kills_at: in order, and cut where a minute is without any line. No
-- report pauses for so long.
CREATE OR REPLACE FUNCTION oom_windows AS pairs -> arrayMap(
    sorted -> arraySplit(
        (line, pause) -> pause > 60,
        arrayMap(pair -> pair.2, sorted),
        arrayDifference(arrayMap(pair -> toFloat64(pair.2.time), sorted))
    ),
    [arraySort(pair -> pair.1, pairs)]
)[1];
