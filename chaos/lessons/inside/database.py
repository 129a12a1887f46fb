"""A SQLite database with one number: `make FILE`, or `read FILE`, which prints it, or `damaged`."""

import sqlite3
import sys

_, verb, file = sys.argv
database = sqlite3.connect(file, isolation_level=None)
if verb == "make":
    database.execute("CREATE TABLE counter (number INTEGER NOT NULL)")
    database.execute("INSERT INTO counter VALUES (0)")
else:
    try:
        print(database.execute("SELECT number FROM counter").fetchone()[0])
    except sqlite3.DatabaseError:
        print("damaged")
