#!/usr/bin/env python3
"""Check 48, mutants: changes one operator at a time in a copy of the tree and sees whether the tests notice.

    tools/mutate.py sim/observe/metrics.cc --target sim_observe_test --test 'build/release/tests/sim_observe_test'
    tools/mutate.py policies/training_queue/*.h --target policies_queue_test --test 'ctest --preset release -R Queue' --count 50

The copy is build/mutants, built there with the release preset.  `--count` mutants are drawn at random (all of them if
left out).  One that does not compile does not count; one that the tests fail on, or that they hang on, is killed; the
survivors are listed with their lines.  Exit code 1 when less than --least % were killed.  For a night, not for CI: a
mutant costs a build.
"""
import argparse
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SWAPS = {
    " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ", " + ": " - ", " - ": " + ",
    " += ": " -= ", " -= ": " += ", " && ": " || ", " || ": " && ", "std::min(": "std::max(", "std::max(": "std::min(",
    "++": "--", "true": "false", "false": "true",
}
FIND = re.compile("|".join(re.escape(s) if not s.isalpha() else rf"\b{s}\b" for s in sorted(SWAPS, key=len, reverse=True)))


def code_of(line):
    """The line with strings, characters and comments blanked, at the same length."""
    line = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'', lambda m: "_" * len(m.group()), line)
    return line.split("//")[0]


def mutants(text):
    """(line number from 1, new line) for each operator that may be changed."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        code = code_of(line)
        # Preprocessor lines, static_assert and CHECK: a changed one does not compile or guards what cannot happen.
        if code.lstrip().startswith("#") or "static_assert" in code or "CHECK(" in code or "template" in code:
            continue
        for m in FIND.finditer(code):
            found.append((number, line[:m.start()] + SWAPS[m.group()] + line[m.end():]))
    return found


def put(text, number, line):
    lines = text.splitlines(keepends=True)
    lines[number - 1] = line + "\n"
    return "".join(lines)


def run(command, folder, seconds):
    try:
        return subprocess.run(command, shell=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        return -1


def copy_tree(root, tree):
    """The tracked files of `root`; those that have not changed keep their time, so that little is built anew."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        source, copy = root / name, tree / name
        if not source.is_file() or (copy.is_file() and copy.read_bytes() == source.read_bytes()):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        shutil.copymode(source, copy)


def judge(tree, name, mutant, build, test, seconds):
    """'killed', 'survived' or 'stillborn'."""
    path = tree / name
    good = path.read_text()
    try:
        path.write_text(put(good, *mutant))
        if run(build, tree, 1200) != 0:
            return "stillborn"
        return "survived" if run(test, tree, seconds) == 0 else "killed"
    finally:
        path.write_text(good)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--target", action="append", required=True, help="what to build; may be repeated")
    parser.add_argument("--test", required=True, help="shell command, run in the copy; exit code 0 = a mutant survives")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=float, default=80.0, help="%% of mutants to be killed (80)")
    parser.add_argument("--seconds", type=int, default=300, help="longest the tests may take (300)")
    a = parser.parse_args()
    tree = ROOT / "build/mutants"
    copy_tree(ROOT, tree)
    build = "cmake --build --preset release --target " + " ".join(a.target)
    if run("cmake --preset release && " + build, tree, 7200) != 0 or run(a.test, tree, a.seconds) != 0:
        sys.exit("mutate: the tests must build and pass before anything is changed")
    all_of_them = [(name, m) for name in a.files for m in mutants((ROOT / name).read_text())]
    random.Random(a.seed).shuffle(all_of_them)
    counts = {"killed": 0, "survived": 0, "stillborn": 0}
    for name, mutant in all_of_them[:a.count]:
        end = judge(tree, name, mutant, build, a.test, a.seconds)
        counts[end] += 1
        if end == "survived":
            print(f"survived {name}:{mutant[0]}: {mutant[1].strip()}", flush=True)
    judged = counts["killed"] + counts["survived"]
    share = 100 * counts["killed"] / judged if judged else 100.0
    print(f"{counts['killed']} of {judged} mutants killed ({share:.0f} %), {counts['stillborn']} did not compile")
    return 0 if share >= a.least else 1


if __name__ == "__main__":
    sys.exit(main())
