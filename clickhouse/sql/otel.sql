-- The kills in `otel_logs`, as OpenTelemetry's exporter makes that table (HyperDX and ClickStack have the same).
--
--   SELECT * FROM oom_kills_in_otel_logs(from = '2026-01-01 00:00:00', to = '2026-02-01 00:00:00') WHERE event = 'kill'
--
-- 1. `found` searches for words, which ClickHouse does by itself: the minutes of a host that hold one, and those
--    before and behind.
-- 2. The lines of these minutes alone are read whole. A report takes seconds.
-- 3. The parser reads them, host by host, each window by itself.
--
-- Memory is that of the lines in the windows, so ask for a day or a week at a time where many are killed. Times are
-- UTC.
--
-- The machine is the resource attribute k8s.node.name, else host.name: without either, all machines are one. Body is a
-- text here, and what wrote it is told by the attributes of the line. A line of a container's log is no kernel's, and
-- is left out where an attribute says so.
CREATE OR REPLACE VIEW oom_kills_in_otel_logs AS
WITH
    found AS (
        SELECT DISTINCT host, minute + toIntervalMinute(arrayJoin([-1, 0, 1])) AS minute
        FROM (
            WITH coalesce(nullIf(ResourceAttributes['k8s.node.name'], ''), ResourceAttributes['host.name']) AS host
            SELECT DISTINCT host, toStartOfMinute(TimestampTime) AS minute
            FROM otel_logs
            WHERE TimestampTime >= toDateTime({from:String}, 'UTC') AND TimestampTime < toDateTime({to:String}, 'UTC')
              AND oom_word(Body)
        )
    ),
    windows AS (
        WITH coalesce(nullIf(ResourceAttributes['k8s.node.name'], ''), ResourceAttributes['host.name']) AS host
        SELECT arrayJoin(oom_windows(groupArray((
            -- What has one time is in the order in which it was inserted.
            (Timestamp, _part_starting_offset + _part_offset),
            oom_entry(Timestamp, host, Body, mapUpdate(ResourceAttributes, LogAttributes))
        )))) AS lines
        FROM otel_logs
        WHERE (host, toStartOfMinute(TimestampTime)) IN (SELECT host, minute FROM found)
          AND TimestampTime >= toDateTime({from:String}, 'UTC') - 60 AND TimestampTime < toDateTime({to:String}, 'UTC') + 60
        GROUP BY host
    )
SELECT
    kill.event AS event, kill.time AS time, kill.host AS host, kill.killer AS killer, kill.level AS level,
    kill.namespace AS namespace, kill.pod AS pod, kill.pod_uid AS pod_uid, kill.container AS container,
    kill.container_id AS container_id, kill.unit AS unit, kill.workload_system AS workload_system,
    kill.workload AS workload, kill.cgroup AS cgroup, kill.victim AS victim, kill.victim_pid AS victim_pid,
    kill.rss_bytes AS rss_bytes, kill.limit_bytes AS limit_bytes, kill.usage_bytes AS usage_bytes,
    kill.mostly AS mostly, kill.container_outcome AS container_outcome, kill.attribution AS attribution,
    kill.origin AS origin, kill.nested AS nested, kill.at_us AS at_us, kill.id AS id, kill.reason AS reason,
    kill.summary AS summary, kill.record AS record
FROM (SELECT arrayJoin(oom_kills_at(lines)) AS kill FROM windows);

-- The same where the receiver `journald` wrote Body: the exporter makes JSON of an entry of the journal, whose fields
-- say who wrote it. No pipeline that reads logs of containers may write into the table that is asked here, for a line
-- of theirs can look like an entry: where one does, name the lines of the journal in both WHERE, by what your collector
-- adds to them.
CREATE OR REPLACE VIEW oom_kills_in_otel_journal AS
WITH
    found AS (
        SELECT DISTINCT host, minute + toIntervalMinute(arrayJoin([-1, 0, 1])) AS minute
        FROM (
            WITH
                coalesce(nullIf(ResourceAttributes['k8s.node.name'], ''), ResourceAttributes['host.name']) AS node,
                if(node != '', node, JSONExtractString(Body, '_HOSTNAME')) AS host
            SELECT DISTINCT host, toStartOfMinute(TimestampTime) AS minute
            FROM otel_logs
            WHERE TimestampTime >= toDateTime({from:String}, 'UTC') AND TimestampTime < toDateTime({to:String}, 'UTC')
              AND oom_word(Body)
              AND startsWith(Body, '{')
        )
    ),
    windows AS (
        WITH
            coalesce(nullIf(ResourceAttributes['k8s.node.name'], ''), ResourceAttributes['host.name']) AS node,
            if(node != '', node, JSONExtractString(Body, '_HOSTNAME')) AS host
        SELECT arrayJoin(oom_windows(groupArray((
            -- What has one time is in the order in which it was inserted.
            (Timestamp, _part_starting_offset + _part_offset),
            oom_entry(Timestamp, host, JSONExtractString(Body, 'MESSAGE'), JSONExtract(Body, 'Map(String, String)'))
        )))) AS lines
        FROM otel_logs
        WHERE (host, toStartOfMinute(TimestampTime)) IN (SELECT host, minute FROM found)
          AND TimestampTime >= toDateTime({from:String}, 'UTC') - 60 AND TimestampTime < toDateTime({to:String}, 'UTC') + 60
          AND startsWith(Body, '{')
        GROUP BY host
    )
SELECT
    kill.event AS event, kill.time AS time, kill.host AS host, kill.killer AS killer, kill.level AS level,
    kill.namespace AS namespace, kill.pod AS pod, kill.pod_uid AS pod_uid, kill.container AS container,
    kill.container_id AS container_id, kill.unit AS unit, kill.workload_system AS workload_system,
    kill.workload AS workload, kill.cgroup AS cgroup, kill.victim AS victim, kill.victim_pid AS victim_pid,
    kill.rss_bytes AS rss_bytes, kill.limit_bytes AS limit_bytes, kill.usage_bytes AS usage_bytes,
    kill.mostly AS mostly, kill.container_outcome AS container_outcome, kill.attribution AS attribution,
    kill.origin AS origin, kill.nested AS nested, kill.at_us AS at_us, kill.id AS id, kill.reason AS reason,
    kill.summary AS summary, kill.record AS record
FROM (SELECT arrayJoin(oom_kills_at(lines)) AS kill FROM windows);
