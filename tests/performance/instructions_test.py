#!/usr/bin/env python3
"""Check 49: a fixed run takes no more than 1 % more instructions than its budget, counted by callgrind.

    instructions_test.py JEVONS NAME "GNU 12.2.0 Release"

Exit code 77 (skipped) without valgrind, or where the budgets were written with another compiler.  The count is of user
space and repeats to the instruction in a fixed environment; wall time is never looked at.
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUDGETS = HERE / "budgets.txt"
ALLOWED = 1.01
SKIPPED = 77
RUNS = {
    "start": ["config", "check", "examples/first_run.yaml"],
    "serve": ["run", "examples/first_run.yaml", "--policy", "static_split", "--set", "horizon=5min"],
    "share": ["run", "examples/first_run.yaml", "--policy", "capacity_loan", "--set", "horizon=10min"],
    "train": ["run", "examples/llama3_failures.yaml", "--policy", "easy_backfill", "--set", "horizon=1d"],
}


def instructions(program, words):
    # Nothing of the caller's environment: its size moves the stack, and its locale the formatting.
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/tmp", "LC_ALL": "C", "TZ": "UTC"}
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=yes", program, *words]
    if words[0] == "run":
        command += ["-q", "-j", "1"]  # The run is in a worker process, counted too.
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    counts = [int(n) for n in re.findall(r"Collected : (\d+)", done.stderr)]
    if done.returncode != 0 or not counts:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return sum(counts)


def budgets():
    """Name to count, and what built them."""
    counts, built_with = {}, ""
    for line in BUDGETS.read_text().splitlines():
        if line.startswith("built with "):
            built_with = line[len("built with "):]
        elif line and not line.startswith("#"):
            name, count = line.split()
            counts[name] = int(count)
    return counts, built_with


def write(name, count, built_with):
    kept, _ = budgets()
    kept[name] = count
    comments = [line for line in BUDGETS.read_text().splitlines() if line.startswith("#")]
    lines = [*comments, f"built with {built_with}", *(f"{n} {kept[n]}" for n in RUNS if n in kept)]
    BUDGETS.write_text("\n".join(lines) + "\n")


def verdict(count, budget):
    """Empty where the budget holds."""
    if budget is None:
        return "no budget; write one with BUDGET_UPDATE=1"
    change = f"{count:,} instructions, {100 * (count / budget - 1):+.2f} % of {budget:,}"
    return change if count > budget * ALLOWED else ""


def main():
    program, name, compiler = sys.argv[1:]
    update = os.environ.get("BUDGET_UPDATE") == "1"
    counts, built_with = budgets()
    if not shutil.which("valgrind"):
        print("skipped: no valgrind")
        return SKIPPED
    if built_with != compiler and not update:
        print(f"skipped: the budgets are of {built_with}, this is {compiler}")
        return SKIPPED
    count = instructions(program, RUNS[name])
    if update:
        write(name, count, compiler)
        return 0
    wrong = verdict(count, counts.get(name))
    print(f"{name}: {wrong or f'{count:,} instructions of {counts[name]:,}'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
