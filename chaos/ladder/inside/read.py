"""Print which records are in a file, as JSON: `{"found": [...], "damage": ""}`.

Arguments: `buffered FILE` or `sqlite FILE`. What cannot be read is not found: `damage` says why.
"""

import json
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

RECORD = re.compile(rb"(\d{8}) item=tea quantity=1 \n")


def buffered(path: str) -> list[int]:
    return [int(number) for number in RECORD.findall(Path(path).read_bytes())]


def sqlite(path: str) -> list[int]:
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
        return [number for (number,) in db.execute("SELECT number FROM records ORDER BY number")]


kind, path = sys.argv[1:]
found, damage = [], ""
try:
    found = {"buffered": buffered, "sqlite": sqlite}[kind](path)
except (OSError, sqlite3.DatabaseError) as error:
    damage = str(error)
print(json.dumps({"found": found, "damage": damage}))
