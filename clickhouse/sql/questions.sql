-- What people ask, over the table of continuous.sql. A kill whose `origin` is 'unsaid' can be anybody's text: add
-- AND origin = 'kernel' where your shipper says who wrote a line.

-- Kills by namespace and week.
SELECT
    toStartOfWeek(time) AS week,
    namespace,
    count() AS kills,
    uniq(pod_uid) AS pods
FROM oom_kills FINAL
WHERE pod_uid != ''
GROUP BY week, namespace
ORDER BY week, kills DESC;

-- Containers that are killed again and again: more than thrice within a day.
SELECT
    toDate(time) AS day,
    host,
    pod_uid,
    container_id,
    any(namespace) AS namespace,
    any(pod) AS pod,
    count() AS kills,
    groupUniqArray(victim) AS victims
FROM oom_kills FINAL
WHERE container_id != '' OR pod_uid != ''
GROUP BY day, host, pod_uid, container_id
HAVING kills > 3
ORDER BY kills DESC;

-- Nodes under pressure: the machine itself, or all pods together, ran out of memory. The victim need not be to blame.
SELECT
    host,
    count() AS kills,
    groupUniqArray(victim) AS victims,
    max(time) AS last
FROM oom_kills FINAL
WHERE level IN ('node', 'kubepods', 'qos')
GROUP BY host
ORDER BY kills DESC;

-- Limits that are too tight: what was killed at its own limit, and what filled it. `file` and `shmem` are page cache
-- and tmpfs, which a higher limit does not cure.
SELECT
    if(namespace != '', namespace, workload_system) AS owner,
    if(container != '', container, victim) AS name,
    formatReadableSize(max(limit_bytes)) AS highest_limit,
    count() AS kills,
    topK(1)(mostly)[1] AS filled_by,
    round(avg(rss_bytes / limit_bytes), 2) AS share_of_victim
FROM oom_kills FINAL
WHERE level IN ('container', 'pod', 'cgroup') AND limit_bytes > 0
GROUP BY owner, name
ORDER BY kills DESC;

-- The first kill after a deployment: those in the two hours behind each, by the table `deployments` (time, namespace,
-- version), which is yours.
SELECT
    deployments.namespace AS namespace,
    deployments.version AS version,
    deployments.time AS deployed,
    min(kills.time) AS first_kill,
    count() AS kills
FROM deployments
INNER JOIN (SELECT time, namespace FROM oom_kills FINAL) AS kills ON kills.namespace = deployments.namespace
WHERE kills.time BETWEEN deployments.time AND deployments.time + INTERVAL 2 HOUR
GROUP BY namespace, version, deployed
ORDER BY deployed;

-- Names of pods, which the kernel does not know: by the lines that the same pods logged themselves, in otel_logs.
SELECT
    kills.time AS time,
    kills.host AS host,
    pods.namespace AS namespace,
    pods.pod AS pod,
    kills.victim AS victim,
    kills.summary AS summary
FROM (SELECT * FROM oom_kills FINAL) AS kills
LEFT JOIN (
    SELECT
        ResourceAttributes['k8s.pod.uid'] AS pod_uid,
        any(ResourceAttributes['k8s.namespace.name']) AS namespace,
        any(ResourceAttributes['k8s.pod.name']) AS pod
    FROM otel_logs
    WHERE ResourceAttributes['k8s.pod.uid'] IN (SELECT pod_uid FROM oom_kills WHERE pod_uid != '')
    GROUP BY pod_uid
) AS pods ON pods.pod_uid = kills.pod_uid
ORDER BY time;
