"""ClickHouse inside this process (chDB), with the module and its functions: for the scripts beside this file."""

import os

from chdb import session

HERE = os.path.dirname(os.path.abspath(__file__))


class Engine:
    """An engine of its own. One process can have one."""

    def __init__(self, module, folder=":memory:"):
        self.session = session.Session(f"{folder}?allow_experimental_webassembly_udf=1")
        self.query(
            "INSERT INTO system.webassembly_modules (name, code) "
            f"SELECT 'oom', raw_blob FROM file({text(module)}, 'RawBLOB', 'raw_blob String')"
        )
        self.run(os.path.join(HERE, "sql", "functions.sql"))
        self.query("CREATE DATABASE IF NOT EXISTS logs")
        self.query("USE logs")

    def query(self, sql, form="JSONEachRow"):
        """The result's bytes. What the engine refuses is an exception."""
        return self.session.query(sql, form).bytes() or b""

    def run(self, path):
        """Runs every statement of a file, and hands over what each gives."""
        with open(path, encoding="utf-8") as file:
            return [self.query(statement) for statement in statements(file.read())]


def text(value):
    """A value as SQL writes it."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def statements(sql):
    """The statements of a file, without its comments."""
    found, current, at = [], "", 0
    while at < len(sql):
        if sql.startswith("--", at):
            end = sql.find("\n", at)
            at = len(sql) if end < 0 else end
            continue
        if sql[at] == "'":
            end = at + 1
            while sql[end] != "'":
                end += 2 if sql[end] == "\\" else 1
            current += sql[at : end + 1]
            at = end + 1
            continue
        if sql[at] == ";":
            found.append(current.strip())
            current = ""
        else:
            current += sql[at]
        at += 1
    found.append(current.strip())
    return [statement for statement in found if statement]
