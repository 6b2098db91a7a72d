"""The kills in log files, found by the module in ClickHouse's engine, which runs inside this process (chDB).

    python history.py --module oom-clickhouse.wasm [--json] [--whole BYTES] FILE...

Each file is a stream of its own. It may be packed by gzip, zstd and others, which its name tells (.gz, .zst). With
--json standard output has one record to a line, and nothing else. A file that cannot be read is told, the others are
read all the same, and the exit code is 1.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time

from engine import Engine, text

# Bytes of a file up to which it is handed over whole, and how much larger it may be than it lies there packed.
WHOLE = 256 << 20
PACKED = 16
# Lines before and behind one that holds a word, of a larger file. A task table has some thousands.
AROUND = 16384

HEAD = ["TIME", "HOST", "LEVEL", "WHERE", "VICTIM", "LIMIT", "SUMMARY"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--module", required=True, help="oom-clickhouse.wasm")
    parser.add_argument("--json", action="store_true", help="one record to a line")
    parser.add_argument("--whole", type=int, default=WHOLE, metavar="BYTES", help="larger files are read in windows")
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    engine = Engine(os.path.abspath(arguments.module))
    # A row has to find room in the memory of the module, and what is made of it besides.
    engine.query("SET webassembly_udf_max_memory = 4294967295")
    kills, faults = 0, 0
    started = time.monotonic()
    if not arguments.json:
        print("  ".join(HEAD))
    for number, file in enumerate(arguments.files, 1):
        is_read = threading.Event()
        what = f"{number} of {len(arguments.files)}: {file}"
        threading.Thread(target=say, args=(what, is_read), daemon=True).start()
        try:
            # Tells what is wrong in plain words, which the engine does not.
            with open(file, "rb") as opened:
                opened.read(1)
            for kill in read(engine, file, arguments.whole):
                kills += 1
                show(kill, arguments.json)
        except BrokenPipeError:
            raise
        except (OSError, RuntimeError) as fault:
            faults += 1
            reason = getattr(fault, "strerror", None) or str(fault).split("\n")[0][:400]
            print(f"history: cannot read {file}: {reason}", file=sys.stderr)
        finally:
            is_read.set()
        sys.stdout.flush()
    seconds = time.monotonic() - started
    print(f"history: {kills} kills in {len(arguments.files)} files, {seconds:.1f} s", file=sys.stderr)
    return 1 if faults else 0


def say(what, is_read):
    """Progress, for a person who waits: at once on a terminal, and every ten seconds everywhere."""
    if sys.stderr.isatty():
        print(f"history: reading {what}", file=sys.stderr)
    started = time.monotonic()
    while not is_read.wait(10):
        seconds = time.monotonic() - started
        print(f"history: reading {what}, for {seconds:.0f} s", file=sys.stderr)


def read(engine, file, whole):
    """The kills of a file, and what could not be read of it, as rows of columns."""
    path = os.path.abspath(file)
    is_packed = os.path.splitext(path)[1] in (".gz", ".zst", ".xz", ".bz2", ".lz4", ".br", ".snappy")
    # Its name is no pattern, whatever it holds.
    for sign in "\\*?{}[],":
        if sign in path:
            return of_odd_name(engine, path, whole)
    source = f"file({text(path)}, 'LineAsString')"
    if os.path.getsize(path) * (PACKED if is_packed else 1) <= whole:
        windows = f"""
            SELECT arrayMap(row -> row.2, arraySort(row -> row.1, groupArray((_row_number, line)))) AS lines
            FROM {source}"""
    else:
        windows = f"""
            SELECT arrayJoin(arraySplit(
                (line, gap) -> gap > 1,
                arrayMap(row -> row.2, rows),
                arrayDifference(arrayMap(row -> assumeNotNull(toInt64(row.1)), rows))
            )) AS lines
            FROM (
                SELECT arraySort(row -> row.1, groupArray((_row_number, line))) AS rows
                FROM {source}
                WHERE intDiv(toInt64(_row_number), {AROUND}) IN (
                    SELECT intDiv(toInt64(_row_number), {AROUND}) + arrayJoin([-1, 0, 1])
                    FROM {source}
                    WHERE oom_word(line)
                )
            )"""
    return kills_of(engine, windows)


def of_odd_name(engine, path, whole):
    """The same where the engine would take the name for a pattern: by another name."""
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "log" + os.path.splitext(path)[1])
        os.symlink(path, link)
        return list(read(engine, link, whole))


def kills_of(engine, windows):
    rows = engine.query(f"SELECT arrayJoin(oom_kills(lines)) AS kill FROM ({windows})")
    for row in rows.splitlines():
        kill = json.loads(row)["kill"]
        if kill["event"] == "kill" or kill["event"] == "unread":
            yield kill


def show(kill, is_json):
    if kill["event"] == "unread":
        print(f"history: {kill['reason']}", file=sys.stderr)
    elif is_json:
        print(kill["record"])
    else:
        print("  ".join(cells(kill)))


def cells(kill):
    uptime = kill["at_us"]
    since_boot = f"{uptime / 1e6:.3f} s up" if uptime is not None else "-"
    where = kill["pod"] or kill["pod_uid"] or kill["workload"] or kill["unit"] or kill["cgroup"]
    limit = f"{kill['limit_bytes'] / 1048576:.0f} MiB" if kill["limit_bytes"] is not None else "-"
    row = [kill["time"] or since_boot, kill["host"], kill["level"], where, kill["victim"], limit, kill["summary"]]
    # Names are written by whoever is killed.
    return ["".join(sign if sign.isprintable() else "?" for sign in cell) or "-" for cell in row]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        # Whoever read it has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
