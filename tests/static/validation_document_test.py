#!/usr/bin/env python3
"""docs/validation.md is what `jevons validate --markdown` writes.

usage: validation_document_test.py PROGRAM; exit code 77 (skipped) where the measured data is absent.
"""
import difflib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def main():
    data = Path(os.environ.get("JEVONS_DATA") or ROOT / "../shared/data")
    if not (data / "perf").is_dir():
        print("skipped: no data")
        return 77
    run = subprocess.run([sys.argv[1], "validate", "--data", str(data), "--markdown"], capture_output=True, text=True)
    if run.returncode != 0:
        print(run.stderr, end="")
        return 1
    kept = (ROOT / "docs/validation.md").read_text()
    if run.stdout == kept:
        return 0
    print("docs/validation.md is stale: jevons validate --markdown > docs/validation.md")
    lines = difflib.unified_diff(kept.splitlines(), run.stdout.splitlines(), "kept", "now", lineterm="", n=0)
    print("\n".join(list(lines)[:40]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
