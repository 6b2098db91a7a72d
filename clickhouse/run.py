"""Runs SQL with the functions of the module, and prints what it gives, one JSON object to a row.

    python run.py MODULE FILE.sql...
"""

import sys

from engine import Engine


def main():
    module, *files = sys.argv[1:]
    engine = Engine(module)
    for file in files:
        for rows in engine.run(file):
            sys.stdout.buffer.write(rows)


if __name__ == "__main__":
    main()
