#!/usr/bin/env python3
"""Check 48, coverage: the share of branches that the tests took, by room, from a build with the preset `coverage`.

    cmake --preset coverage && cmake --build --preset coverage && ctest --preset coverage -LE golden
    tools/branches.py                       # sim, policies and traces; exit code 1 where one is below 90 %
    tools/branches.py --least 95 sim/observe policies/router

Branches of exceptions are left out: GCC puts one behind every call.  A branch counts as taken when any object that holds
the line took it (headers stand in many).  --list names the lines whose branches were not all taken.
"""
import argparse
import collections
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["sim", "policies", "traces"]


def lines_of(document, root):
    """(file, line) to the counts of its branches, for files below `root`, of one gcov JSON document."""
    found = {}
    for f in document["files"]:
        path = Path(f["file"])
        path = (path if path.is_absolute() else Path(document["current_working_directory"]) / path).resolve()
        if not path.is_relative_to(root):
            continue
        name = str(path.relative_to(root))
        for line in f["lines"]:
            counts = [b["count"] for b in line["branches"] if not b["throw"]]
            key = (name, line["line_number"])
            # One line stands once for every function made from it (templates): what one of them took is taken.
            found[key] = merged(found.get(key), counts)
    return found


def merged(a, b):
    """Of one line in two objects; where they were compiled differently, that with more branches."""
    if a is None or len(b) > len(a):
        return b
    return [x + y for x, y in zip(a, b)] if len(a) == len(b) else a


def read(build, root):
    lines = {}
    for data in sorted(build.rglob("*.gcda")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", str(data)], cwd=data.parent,
                              capture_output=True, text=True, check=True)
        for text in done.stdout.splitlines():
            for key, counts in lines_of(json.loads(text), root).items():
                lines[key] = merged(lines.get(key), counts)
    return lines


def shares(lines, rooms):
    """Room to (taken, all)."""
    out = collections.OrderedDict((room, [0, 0]) for room in rooms)
    for (name, _), counts in lines.items():
        for room in rooms:
            if name.startswith(room.rstrip("/") + "/"):
                out[room][0] += sum(1 for c in counts if c > 0)
                out[room][1] += len(counts)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", default=ROOMS)
    parser.add_argument("--build", type=Path, default=ROOT / "build/coverage")
    parser.add_argument("--least", type=float, default=90.0, help="%% of branches (90)")
    parser.add_argument("--list", action="store_true")
    a = parser.parse_args()
    lines = read(a.build, ROOT)
    if not lines:
        sys.exit(f"branches: no counts below {a.build}; build with the preset coverage and run the tests")
    good = True
    for room, (taken, branches) in shares(lines, a.rooms).items():
        share = 100 * taken / branches if branches else 100.0
        good = good and share >= a.least
        print(f"{room:<20} {taken:>6} of {branches:>6} branches  {share:5.1f} %")
    if a.list:
        for (name, number), counts in sorted(lines.items()):
            if 0 in counts and any(name.startswith(r.rstrip("/") + "/") for r in a.rooms):
                print(f"{name}:{number}: {counts.count(0)} of {len(counts)} not taken")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
