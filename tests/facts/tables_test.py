#!/usr/bin/env -S python3 -B
"""The library against the tables in CSV that its facts were once taken from.

Usage: tables_test.py LIST-FACTS
CALLGATE_SHARED names the folder with data/syscalls; without it, a skip.
"""

import csv
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "house"), str(HERE.parent.parent / "tools")]
from tap import Tap  # noqa: E402
from tables import calls  # noqa: E402

DATA = HERE.parent.parent / "data"


def rows(folder, name):
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


COMPARED_FROM = (4, 10)  # a range that ends here or before says no more


def release(text):
    """The release of a cell, two places; nothing known is 0.0."""
    text = text.split(";")[0].strip()
    if text in ("", "?") or text.startswith("<="):
        return "0.0"
    ends = [tuple(map(int, (end + ".0").split(".")[:2]))
            for end in text.split("-")]
    major, minor = ends[0] if ends[-1] <= COMPARED_FROM else ends[-1]
    return f"{major}.{minor}"


def library(command):
    """{(ABI, call): (number, since, since anywhere)} and {ABI: audit value}"""
    text = subprocess.run([command], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    facts, audit = {}, {}
    for line in text.splitlines():
        abi, value, nr, call, since, anywhere = line.split()
        facts[abi, call] = (int(nr), since, anywhere)
        audit[abi] = int(value)
    return facts, audit


def wanted(folder, abis, offsets):
    """What the CSV files say, in the same shape, for each ABI."""
    since = {row["name"]: row for row in rows(folder, "since.csv")}
    facts = {}
    for row in rows(folder, "numbers.csv"):
        for abi in abis.values():
            if row[abi.column] == "":
                continue
            known = since[row["name"]]
            facts[abi.name, row["name"]] = (
                int(row[abi.column]) + offsets[abi.column],
                release(known[abi.column]), release(known["first"]))
    return facts


def compare(tap, got, want):
    for name in sorted({abi for abi, _ in want}):
        ours = {key: value for key, value in got.items() if key[0] == name}
        theirs = {key: value for key, value in want.items() if key[0] == name}
        wrong = [f"{key[1]}: library {ours.get(key)}, table {theirs.get(key)}"
                 for key in sorted(ours.keys() | theirs.keys())
                 if ours.get(key) != theirs.get(key)]
        tap.ok(not wrong and theirs, f"{name}: {len(theirs)} calls", *wrong)


def main():
    tap = Tap()
    shared = os.environ.get("CALLGATE_SHARED")
    if not shared:
        tap.skip("the tables in CSV", "CALLGATE_SHARED is not set")
        tap.done()
    folder = pathlib.Path(shared) / "data" / "syscalls"
    arches = rows(folder, "arches.csv")
    got, audit = library(sys.argv[1])
    abis = calls.read_abis(DATA / "arch.tbl")
    compare(tap, got, wanted(folder, abis, {
        row["arch"]: int(row["nr_offset"]) for row in arches}))
    for row in arches:
        theirs = {int(word, 16) for word in row["audit_arch_hex"].split()}
        ours = {audit[abi.name] for abi in abis.values()
                if abi.column == row["arch"]}
        # OABI is little-endian in practice: one row stands for both.
        tap.ok(ours == theirs or row["arch"] == "arm_oabi" and ours < theirs,
               f"audit values of {row['arch']}", f"{ours} and {theirs}")
    tap.done()


if __name__ == "__main__":
    main()
