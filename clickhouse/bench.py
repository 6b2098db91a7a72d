"""How long ClickHouse takes to find every kill in many lines, beside what it can do without the module.

    python bench.py --module oom-clickhouse.wasm [--rows 100000000] [--folder FOLDER] [--index] [--times N] [--export FILE]

Makes a table of so many lines, of 200 hosts in turns, out of reports of a real kernel and lines as nodes log them: each
host has a report every 100,000 lines, ten lines a second. Then asks for the kills in four ways. The folder is kept where
it is named. --export writes the lines of the first 20 hosts as text, for other programs to read.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import time

from engine import HERE, Engine, text

CAPTURE = os.path.join(HERE, "..", "fixtures", "captures", "debian-6.1.192-cgroup2.kmsg")
HOSTS = 200
EVERY = 100_000
# What nodes log, between the reports.
NODE = [
    "systemd[1]: Started session-1234.scope - Session 1234 of user deploy.",
    "sshd[8123]: Accepted publickey for deploy from 10.0.3.17 port 51234 ssh2: ED25519",
    "kubelet[912]: I0102 03:04:05.123456     912 kubelet.go:2456] SyncLoop (PLEG): event for pod shop/cart-7c9d",
    "containerd[733]: time=2026-01-02T03:04:05Z level=info msg=\"StartContainer returns successfully\"",
    "kernel: IPv6: ADDRCONF(NETDEV_CHANGE): veth3f2a1b: link becomes ready",
    "kernel: cni0: port 7(veth3f2a1b) entered forwarding state",
    "CRON[20311]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
    "dockerd[801]: level=warning msg=\"cleaning up after shim disconnected\" namespace=moby",
    "nginx: 10.0.0.7 - - [02/Jan/2026:03:04:05 +0000] \"GET /healthz HTTP/1.1\" 200 2 \"-\" \"kube-probe/1.33\"",
    "app: killed 3 idle connections, 12 processes left, out of 40 memory pools",
]
TIMES = 4
BEGIN, END = "2026-01-01 00:00:00", "2026-03-01 00:00:00"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--module", required=True)
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--folder")
    parser.add_argument("--index", action="store_true", help="again with an index, which takes long to build")
    parser.add_argument("--times", type=int, default=4, help="how often each is asked: the best counts")
    parser.add_argument("--export")
    arguments = parser.parse_args()
    global TIMES
    TIMES = arguments.times
    folder = arguments.folder or tempfile.mkdtemp()
    try:
        measure(arguments, folder)
    finally:
        if not arguments.folder:
            shutil.rmtree(folder, ignore_errors=True)


def measure(arguments, folder):
    engine = Engine(os.path.abspath(arguments.module), folder)
    # It remembers which granules a condition has found nothing in: the second time all would be free.
    engine.query("SET use_query_condition_cache = 0")
    lines, starts = reports()
    make(engine, arguments.rows, lines, starts)
    engine.run(os.path.join(HERE, "sql", "plain.sql"))
    size = number(engine, "SELECT sum(data_uncompressed_bytes) FROM system.parts WHERE active AND table = 'logs'")
    packed = number(engine, "SELECT sum(data_compressed_bytes) FROM system.parts WHERE active AND table = 'logs'")
    truth = number(engine, f"SELECT count() FROM {source(arguments.rows, starts)} WHERE is_kill")
    load = os.getloadavg()[0]
    print(f"{arguments.rows:,} lines, {size / 1e9:.1f} GB, {packed / 1e9:.2f} GB packed, {truth} kills, "
          f"{os.cpu_count()} cores, load {load:.1f} before\n")
    print("| what is asked | seconds | of a processor | rows read | GB read | peak MiB | found |")
    print("|---|---|---|---|---|---|---|")
    view = f"oom_kills_in_logs(from = '{BEGIN}', to = '{END}')"
    regexp = r"Killed process (\\d+) \\((.*)\\) total-vm:(\\d+)kB"
    ask(engine, "the words alone", "SELECT count() FROM logs WHERE oom_word(message)")
    ask(engine, "`match`: kill lines", f"SELECT count() FROM logs WHERE match(message, '{regexp}')")
    ask(engine, "`extract`: pid and name, no pod, limit or cause",
        f"SELECT uniq(host, timestamp, extractGroups(message, '{regexp}')) FROM logs WHERE match(message, '{regexp}')")
    found = ask(engine, "the kills, whole", f"SELECT count() FROM {view} WHERE event = 'kill'")
    once = number(engine, f"SELECT uniqExact(host, time) FROM {view} WHERE event = 'kill' AND attribution = 'report'")
    if arguments.index:
        engine.query("ALTER TABLE logs ADD INDEX oom message TYPE ngrambf_v1(6, 32768, 3, 0) GRANULARITY 1")
        started = time.monotonic()
        engine.query("ALTER TABLE logs MATERIALIZE INDEX oom SETTINGS mutations_sync = 2")
        built = time.monotonic() - started
        ask(engine, "the words alone, with the index", "SELECT count() FROM logs WHERE oom_word(message)")
        ask(engine, "the kills, whole, with the index", f"SELECT count() FROM {view} WHERE event = 'kill'")
        print(f"\nThe index took {built:.0f} s to build.")
    print(f"\nLoad {os.getloadavg()[0]:.1f} behind.")
    if arguments.export:
        engine.query(f"SELECT message FROM logs WHERE host < 'node-020' ORDER BY host, timestamp "
                     f"INTO OUTFILE {text(os.path.abspath(arguments.export))} TRUNCATE FORMAT TSVRaw")
    if (found, once) != (truth, truth):
        sys.exit(f"{truth} kills are there, {found} were found, {once} of them once and with their report")


def reports():
    """Reports of kills, without the kernel's clock: all their lines, and where each begins and the last ends."""
    with open(CAPTURE, encoding="utf-8", errors="replace") as file:
        texts = [line.rstrip("\n").split(";", 1)[1] for line in file if re.match(r"\d+,\d+,\d+,[^;]*;", line)]
    lines, starts, begin = [], [0], None
    for at, line in enumerate(texts):
        if "invoked oom-killer" in line:
            begin = at
        is_kill = line.startswith("Memory cgroup out of memory: Killed process")
        if is_kill and begin is not None and at - begin < 200:
            report = texts[begin : at + 1]
            # Two reports in each other are another matter.
            if sum(line.startswith("oom-kill:") for line in report) == 1 and "group" not in texts[at + 1]:
                lines += report
                starts.append(len(lines))
            begin = None
        if len(starts) > 8:
            break
    return lines, starts


def source(rows, starts):
    """The numbers of the lines, and what each is."""
    return f"""(
        SELECT *, place = length - 1 AS is_kill, place < length AS is_report
        FROM (
            SELECT
                number % {HOSTS} AS host, intDiv(number, {HOSTS}) AS nth,
                (nth + host * 499) % {EVERY} AS place,
                {starts[:-1]} AS starts, {[end - start for start, end in zip(starts, starts[1:])]} AS lengths,
                (intDiv(nth + host * 499, {EVERY}) + host) % {len(starts) - 1} + 1 AS which,
                starts[which] AS start, lengths[which] AS length
            FROM numbers({rows})
        )
    )"""


def make(engine, rows, lines, starts):
    known = engine.query("SELECT 1 FROM system.tables WHERE database = 'logs' AND name = 'logs'")
    if known:
        engine.query("ALTER TABLE logs DROP INDEX IF EXISTS oom SETTINGS mutations_sync = 2")
        return
    engine.query("CREATE TABLE logs (timestamp DateTime64(6, 'UTC'), host LowCardinality(String), message String) "
                 "ENGINE = MergeTree ORDER BY (host, timestamp)")
    started = time.monotonic()
    array = lambda texts: "[" + ", ".join(text(line) for line in texts) + "]"
    engine.query(f"""
        INSERT INTO logs
        SELECT
            toDateTime64('{BEGIN}', 6, 'UTC') + toIntervalMicrosecond(nth * 100000),
            concat('node-', leftPad(toString(host), 3, '0')),
            if(
                is_report,
                concat('[', toString(1000 + intDiv(nth, 10)), '.', toString(nth % 10), '00000] ',
                       arrayElement({array(lines)}, start + place + 1)),
                concat(arrayElement({array(NODE)}, intHash32(nth * 211 + host) % {len(NODE)} + 1), ' ', toString(nth))
            )
        FROM {source(rows, starts)}""")
    print(f"made in {time.monotonic() - started:.0f} s", file=sys.stderr)


def number(engine, sql):
    return int(engine.query(sql, "TSV"))


def ask(engine, what, sql):
    """Asks several times, of which the best counts."""
    best = None
    for _ in range(TIMES):
        forget_peak()
        begin = busy()
        result = engine.session.query(sql, "TSV")
        peak = peak_mib()
        row = (result.elapsed(), busy() - begin, result.storage_rows_read(), result.storage_bytes_read(), peak, int(result.bytes()))
        best = min(best or row, row)
    seconds, work, rows, size, peak, found = best
    print(f"| {what} | {seconds:.1f} | {work:.1f} | {rows:,} | {size / 1e9:.2f} | {peak:.0f} | {found:,} |", flush=True)
    return found


def busy():
    """Seconds that this process has kept processors busy, whatever else the machine does."""
    times = os.times()
    return times.user + times.system


def forget_peak():
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def peak_mib():
    with open("/proc/self/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) / 1024


if __name__ == "__main__":
    main()
