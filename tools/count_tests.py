#!/usr/bin/env python3
"""Adds up ctest's JUnit files: names the failures and prints "N passed, N failed[, N skipped]".

A test counts as skipped only when it said so itself (GTEST_SKIP, or exit code 77 where a test declares it); one that could
not be run at all failed.  Exit code 1 when anything failed or nothing ran.
"""
import sys
import xml.etree.ElementTree as ElementTree


def verdict(case):
    if case.get("status") == "run":
        return "passed"
    note = case.find("skipped")
    message = note.get("message", "") if note is not None else ""
    if case.get("status") == "notrun" and message.startswith(("SKIP_", "Skip")):
        return "skipped"
    return "failed"


def main(paths):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    failures = []
    for path in paths:
        try:
            cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:  # ctest writes it last: it was killed on the way.
            count["failed"] += 1
            failures.append(f"ctest itself, which left no whole {path} ({error})")
            continue
        for case in cases:
            outcome = verdict(case)
            count[outcome] += 1
            if outcome == "failed":
                failures.append(f"{path.rsplit('junit-', 1)[-1].removesuffix('.xml')}: {case.get('name')}")
    for name in failures:
        print(f"failed: {name}")
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
