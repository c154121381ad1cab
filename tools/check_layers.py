#!/usr/bin/env python3
"""Checks that imports go down only, by the table of ARCHITECTURE.md.

usage: check_layers.py [ROOT]; prints one line a violation, "file:line: room may not import room (header)".
"""
import re
import sys
from pathlib import Path

# Room -> rooms it may import, its own left out.  A room is the longest entry that starts the path of a file, or the file.
MAY_IMPORT = {
    "base": [],
    "proto": [],
    "topologies": ["base", "proto"],
    "traces": ["base", "proto"],
    "policies/api": ["base"],
    "policies": ["base", "policies/api"],
    "sim/observe": ["base", "topologies"],
    "sim/model": ["base", "topologies"],
    "sim/engine": ["base", "sim/observe"],
    "sim/cluster": ["base", "topologies", "policies/api", "sim/observe", "sim/engine", "sim/model"],
    "sim/network": ["base", "topologies", "sim/observe", "sim/engine", "sim/model", "sim/cluster"],
    # The contract of a run, plain data: what carries it out (simulation.cc) is at the top, what it says at the bottom.
    "sim/run_error.h": ["base"],
    "sim/faults/setup.h": ["base"],
    "sim/training/rollouts.h": ["base"],
    "sim/simulation.h": ["base", "topologies", "traces", "policies/api", "sim/observe", "sim/model", "sim/faults/setup.h",
                         "sim/training/rollouts.h"],
    "sim/faults": ["base", "topologies", "sim/engine", "sim/faults/setup.h"],
    "sim/serving": ["base", "topologies", "traces", "policies/api", "sim/run_error.h", "sim/simulation.h", "sim/observe",
                    "sim/engine", "sim/model", "sim/cluster", "sim/network", "sim/faults/setup.h"],
    "sim/training": ["base", "topologies", "traces", "policies/api", "sim/run_error.h", "sim/simulation.h", "sim/observe",
                     "sim/engine", "sim/model", "sim/cluster", "sim/network", "sim/faults/setup.h", "sim/training/rollouts.h"],
    "sim": ["base", "topologies", "traces", "policies/api", "sim/run_error.h", "sim/simulation.h", "sim/observe",
            "sim/engine", "sim/model", "sim/cluster", "sim/network", "sim/faults", "sim/faults/setup.h", "sim/serving",
            "sim/training"],
    "report": ["base", "proto", "sim/observe"],
    "experiments": ["base", "proto", "topologies", "traces", "policies", "policies/api", "sim*", "report"],
    "validation": ["base", "proto", "topologies", "traces", "policies", "policies/api", "sim*", "report", "experiments"],
    "apps": ["base", "proto", "topologies", "traces", "policies", "policies/api", "sim*", "report", "experiments",
             "validation"],
}
# Kinds of policy know nothing of each other; what they share is in policies/api or base.
POLICY_KINDS = "policies/"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def room_of(path):
    """The room that `path` (relative, with /) belongs to, or None outside all rooms."""
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        room = "/".join(parts[:length])
        if room in MAY_IMPORT:
            return room
    return None


def kind_of(path):
    parts = path.split("/")
    return parts[1] if path.startswith(POLICY_KINDS) and len(parts) > 2 and parts[1] != "api" else None


def objection(importer, imported):
    """Why the file `importer` may not import the file `imported`, or None if it may."""
    source, target = room_of(importer), room_of(imported)
    if target is None:
        return f"'{imported}' is in no room (write the path from the root of the project)"
    if kind_of(importer) and kind_of(imported) and kind_of(importer) != kind_of(imported):
        return f"policies/{kind_of(importer)} may not import policies/{kind_of(imported)} ({imported})"
    allowed = MAY_IMPORT[source]
    if target == source or target in allowed:
        return None
    if "sim*" in allowed and (target == "sim" or target.startswith("sim/")):
        return None
    return f"{source} may not import {target} ({imported})"


def check(root):
    found = []
    files = 0
    for room in sorted({name.split("/")[0] for name in MAY_IMPORT}):
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            files += 1
            name = path.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if match and (why := objection(name, match.group(1))):
                    found.append(f"{name}:{number}: {why}")
    return files, found


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    files, found = check(root)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"check_layers: {files} files, {len(found)} imports against the table")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
