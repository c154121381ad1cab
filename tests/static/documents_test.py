#!/usr/bin/env python3
"""Runs the commands of the documents and compares what they print.

usage: documents_test.py PATH-OF-JEVONS

A fenced block with `<!-- run -->` on the line above it is executed, from the root of the project with `jevons` in PATH:
lines that begin with "$ " are commands, the lines below each are what it prints (stdout and stderr), where a line "..."
stands for any number of lines and "..." at the end of a line for the rest of it.  A command must exit with 0, or as a
"# exit 2" at its end says.

DOCUMENTS_UPDATE=1 in the environment writes what was printed into the documents instead (blocks without "..." only); read
the difference before you commit it.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"<!-- run -->\n```[a-z]*\n(.*?)\n```", re.S)


def blocks():
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]):
        text = path.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text[:match.start(1)].count("\n") + 1
            yield f"{path.relative_to(ROOT).as_posix()}:{line}", match.group(1).splitlines()


def commands(lines):
    """[(command, exit code, printed lines)] of a block; a command continues after a backslash."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append([line[2:], 0, []])
        elif found and not found[-1][2] and found[-1][0].endswith("\\"):
            found[-1][0] = found[-1][0][:-1] + line.strip()
        elif found:
            found[-1][2].append(line)
    for entry in found:
        if match := re.search(r"\s+# exit (\d+)$", entry[0]):
            entry[0], entry[1] = entry[0][:match.start()], int(match.group(1))
    return found


def update(place, lines, printed):
    """Puts what the commands of a block printed below each of them."""
    path = ROOT / place.split(":")[0]
    fresh = []
    for line in lines:
        if line.startswith("$ "):
            fresh += [line, *(text.rstrip() for text in printed.pop(0))]
        elif fresh and fresh[-1].startswith("$ ") and fresh[-1].endswith("\\"):
            fresh.append(line)
    path.write_text(path.read_text(encoding="utf-8").replace("\n".join(lines), "\n".join(fresh)), encoding="utf-8")
    print(f"{place}: updated")


def same(expected, got):
    """Whether the lines `got` are what `expected` says."""
    if not expected:
        return not got
    if expected[0].strip() == "...":
        return any(same(expected[1:], got[skip:]) for skip in range(len(got) + 1))
    if not got:
        return False
    if expected[0].endswith("..."):
        fits = got[0].startswith(expected[0][:-3].rstrip())
    else:
        fits = got[0].rstrip() == expected[0].rstrip()
    return fits and same(expected[1:], got[1:])


def main():
    jevons = Path(sys.argv[1]).resolve()
    failures = count = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for entry in ROOT.iterdir():  # What commands write stays out of the checkout.
            if entry.name not in ("build", ".git"):
                (work / entry.name).symlink_to(entry)
        # `jevons` and the path that README names are the program under test.
        (work / "build/release/bin").mkdir(parents=True)
        (work / "build/release/bin/jevons").symlink_to(jevons)
        environment = {**os.environ, "PATH": f"{work}/build/release/bin:{os.environ['PATH']}", "NO_COLOR": "1"}
        for place, lines in list(blocks()):
            printed, wrong = [], False
            for command, code, expected in commands(lines):
                count += 1
                done = subprocess.run(["bash", "-c", command], cwd=work, env=environment, text=True, check=False,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
                got = done.stdout.splitlines()
                printed.append(got if expected else [])
                if done.returncode == code and (not expected or same(expected, got)):
                    continue
                wrong = True
                failures += 1
                print(f"{place}: $ {command}\n  exit {done.returncode}, expected {code}; it printed:")
                print(*(f"  | {line}" for line in got), sep="\n")
            if wrong and os.environ.get("DOCUMENTS_UPDATE") and not any("..." in line for line in lines):
                update(place, lines, printed)
    print(f"documents: {count} commands run, {failures} not as shown")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
