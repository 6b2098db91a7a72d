-- The kills in files, without any table: each file is a stream of its own. A whole file is handed over at once, so
-- raise the memory of the functions to four times the largest file unpacked; `cargo xtask history` does the same, and
-- reads larger files in windows.
SET webassembly_udf_max_memory = 4294967295;

-- Lines of text or of JSON, also packed (.gz, .zst and others, by the name).
SELECT _path AS path, kill.time AS time, kill.host AS host, kill.level AS level, kill.victim AS victim,
       kill.summary AS summary
FROM (
    SELECT _path, arrayJoin(oom_kills(arrayMap(row -> row.2, arraySort(row -> row.1, groupArray((_row_number, line)))))) AS kill
    FROM file('kern*.log*', 'LineAsString')
    GROUP BY _path
)
WHERE kill.event = 'kill'
ORDER BY path, time;

-- Parquet, and JSON with columns: as a table. A date in the name of the file, or statistics of a Parquet file, keep
-- others from being read.
SELECT kill.time AS time, kill.host AS host, kill.level AS level, kill.victim AS victim, kill.summary AS summary
FROM (
    SELECT arrayJoin(oom_kills_at(lines)) AS kill
    FROM (
        SELECT arrayJoin(oom_windows(groupArray(((timestamp, _row_number), oom_entry(timestamp, host, message, map())))))
               AS lines
        FROM file('logs*.parquet')
        WHERE (host, toStartOfMinute(timestamp)) IN (
            SELECT host, toStartOfMinute(timestamp) + toIntervalMinute(arrayJoin([-1, 0, 1]))
            FROM file('logs*.parquet')
            WHERE oom_word(message)
        )
        GROUP BY host
    )
)
WHERE kill.event = 'kill'
ORDER BY time;

-- The same in a bucket: s3('https://…/logs/2026-01-*.parquet') in the place of both file(...), with s3Cluster('{cluster}', …)
-- to share the files out to all nodes.
