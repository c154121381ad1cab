#!/usr/bin/env python3
"""A user's own router, built outside the tree against the installed package, run by its own main.

usage: my_router_test.py BUILD-FOLDER
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*command, code=0, **options):
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True, check=False, **options)
    if done.returncode != code:
        sys.exit(f"{' '.join(map(str, command))}\nexit {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def expect(what, condition, shown=""):
    if not condition:
        sys.exit(f"not so: {what}\n{shown}")


def main():
    build = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder)
        prefix, mine = outside / "prefix", outside / "my_router"
        run("cmake", "--install", build, "--prefix", prefix)
        expect("an installed jevons runs", "jevons" in run(prefix / "bin/jevons", "--version"))

        shutil.copytree(ROOT / "examples/my_router", mine)
        lines = sum(1 for line in (mine / "main.cc").read_text().splitlines()
                    if line.strip() and not line.lstrip().startswith(("//", "#")))
        expect("a router of one's own is 30 lines", lines <= 30, str(lines))
        # Nothing of the checkout may leak in: the package must stand on its own.
        installed = "".join(path.read_text() for path in (prefix / "lib").rglob("*.cmake"))
        expect("the package names no path of the checkout", str(ROOT) not in installed and str(build) not in installed)

        jobs = f"-j{os.cpu_count() or 1}"
        run("cmake", "-S", mine, "-B", mine / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", mine / "build", jobs)
        program = mine / "build/my_jevons"

        described = run(program, "policies", "describe", "fewest_tokens")
        expect("the router describes itself", "tokens_per_request" in described, described)
        run(program, "compare", mine / "scenario.yaml", "--audit", "--json", mine / "out.json")
        report = json.loads((mine / "out.json").read_text())
        expect("the comparison was made with it", "my_router" in json.dumps(report), json.dumps(report)[:2000])

        # The shipped program does not know it, and says so.
        refused = run(prefix / "bin/jevons", "compare", mine / "scenario.yaml", code=2)
        expect("an unknown router is named", "fewest_tokens" in refused, refused)

        # Another minor version may not be taken for this one.
        (mine / "CMakeLists.txt").write_text((mine / "CMakeLists.txt").read_text().replace("jevons 0.1", "jevons 0.2"))
        refused = run("cmake", "-S", mine, "-B", mine / "other", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", code=1)
        expect("version 0.2 is refused", "0.2" in refused, refused)
    print("my_router: installed, found, built, run")


if __name__ == "__main__":
    main()
