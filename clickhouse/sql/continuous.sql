-- A table of kills that fills itself, from one of the views oom_kills_in_... .
--
-- Every five minutes the last hour is read again: lines come late, and a report may be half written. The windows
-- overlap, so a kill is told up to twelve times, and the table keeps one of them: that with the longest record, for
-- where an hour begins in the middle of a report the kill is told with less. Read it with FINAL.
--
-- A kill is the same by its host, the time of its line, and its victim. The report's `id` is no part of that: where
-- the kernel's clock does not stand in a line, it is counted from the beginning of the window.
CREATE TABLE IF NOT EXISTS oom_kills (
    time DateTime64(6, 'UTC'),
    host LowCardinality(String),
    killer LowCardinality(String),
    level LowCardinality(String),
    namespace LowCardinality(String),
    pod String,
    pod_uid String,
    container LowCardinality(String),
    container_id String,
    unit String,
    workload_system LowCardinality(String),
    workload String,
    cgroup String,
    victim LowCardinality(String),
    victim_pid UInt32,
    rss_bytes Nullable(UInt64),
    limit_bytes Nullable(UInt64),
    usage_bytes Nullable(UInt64),
    mostly LowCardinality(String),
    container_outcome LowCardinality(String),
    attribution LowCardinality(String),
    origin LowCardinality(String),
    nested Bool,
    at_us Nullable(UInt64),
    id String,
    reason String,
    summary String,
    record String CODEC(ZSTD(3)),
    weight UInt32 MATERIALIZED length(record)
)
ENGINE = ReplacingMergeTree(weight)
PARTITION BY toYYYYMM(time)
-- systemd-oomd kills cgroups, which have no pid.
ORDER BY (host, time, victim_pid, victim, if(victim_pid = 0, cgroup, ''));

-- Needs ClickHouse 24.10 or newer, where refreshable views are no experiment.
CREATE MATERIALIZED VIEW IF NOT EXISTS oom_kills_refresh
REFRESH EVERY 5 MINUTE APPEND TO oom_kills AS
SELECT * EXCEPT (event) REPLACE (assumeNotNull(time) AS time)
FROM oom_kills_in_logs(
    from = formatDateTime(now() - INTERVAL 1 HOUR, '%F %T', 'UTC'),
    to = formatDateTime(now() + INTERVAL 1 MINUTE, '%F %T', 'UTC')
)
WHERE event = 'kill' AND time IS NOT NULL;

-- What was logged before: once, a day or a week at a time.
--
--   INSERT INTO oom_kills
--   SELECT * EXCEPT (event) REPLACE (assumeNotNull(time) AS time)
--   FROM oom_kills_in_logs(from = '2026-01-01 00:00:00', to = '2026-01-08 00:00:00')
--   WHERE event = 'kill' AND time IS NOT NULL;
