-- The kills in a table that Fluent Bit's output `http` fills, with whole records as JSON: `fluentbit_logs` with the
-- columns timestamp and log. The input is `systemd` (the journal) or `kmsg`, whose fields say who wrote a line.
--
--   SELECT * FROM oom_kills_in_fluentbit_logs(from = '2026-01-01 00:00:00', to = '2026-02-01 00:00:00') WHERE event = 'kill'
--
-- 1. `found` searches for words, which ClickHouse does by itself: the minutes of a host that hold one, and those
--    before and behind.
-- 2. The lines of these minutes alone are read whole. A report takes seconds.
-- 3. The parser reads them, host by host, each window by itself.
--
-- Memory is that of the lines in the windows, so ask for a day or a week at a time where many are killed. Times are
-- UTC.
--
-- The machine is _HOSTNAME of the journal, else `hostname` or `host`, which a filter adds (`kmsg` has none). The names
-- of fields are the shipper's, so that a container, which writes `log` alone, can pretend nothing.
CREATE OR REPLACE VIEW oom_kills_in_fluentbit_logs AS
WITH
    found AS (
        SELECT DISTINCT host, minute + toIntervalMinute(arrayJoin([-1, 0, 1])) AS minute
        FROM (
            WITH coalesce(
                nullIf(JSONExtractString(log, '_HOSTNAME'), ''),
                nullIf(JSONExtractString(log, 'hostname'), ''),
                JSONExtractString(log, 'host')
            ) AS host
            SELECT DISTINCT host, toStartOfMinute(timestamp) AS minute
            FROM fluentbit_logs
            WHERE timestamp >= toDateTime({from:String}, 'UTC') AND timestamp < toDateTime({to:String}, 'UTC')
              AND oom_word(log)
        )
    ),
    windows AS (
        WITH
            coalesce(
                nullIf(JSONExtractString(log, '_HOSTNAME'), ''),
                nullIf(JSONExtractString(log, 'hostname'), ''),
                JSONExtractString(log, 'host')
            ) AS host,
            coalesce(
                nullIf(JSONExtractString(log, 'MESSAGE'), ''),
                nullIf(JSONExtractString(log, 'msg'), ''),
                nullIf(JSONExtractString(log, 'message'), ''),
                JSONExtractString(log, 'log')
            ) AS line,
            JSONExtractKeysAndValuesRaw(log) AS members,
            mapFromArrays(
                arrayMap(pair -> pair.1, members),
                arrayMap(pair -> if(startsWith(pair.2, '"'), JSONExtractString(pair.2), pair.2), members)
            ) AS attributes
        SELECT arrayJoin(oom_windows(groupArray((
            -- What has one time is in the order in which it was inserted.
            (timestamp, _part_starting_offset + _part_offset),
            oom_entry(timestamp, host, line, attributes)
        )))) AS lines
        FROM fluentbit_logs
        WHERE (host, toStartOfMinute(timestamp)) IN (SELECT host, minute FROM found)
          AND timestamp >= toDateTime({from:String}, 'UTC') - 60 AND timestamp < toDateTime({to:String}, 'UTC') + 60
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
