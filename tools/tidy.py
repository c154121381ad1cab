#!/usr/bin/env python3
"""The style page of CONTRIBUTING.md as a test: what a machine can check of it.

usage: tidy.py [--format] [ROOT]

Without options: sizes, first comments, guards, banned names, leftovers, the list of policies, links of documents.  With
--format: clang-format over every source.  Prints one line a finding, "file:line: what (what to do instead)".
A line that must break a rule says so and why: `// tidy: allow(NAME) reason`.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOMS = ["base", "proto", "traces", "topologies", "policies", "sim", "report", "experiments", "apps"]
OUTSIDE = ["tests", "bench", "examples"]
MAX_LINE, MAX_FILE, MAX_FUNCTION = 120, 400, 60
ALLOW = re.compile(r"tidy: allow\((\w+)\)\s*\S")

# Name -> (pattern over code without comments and strings, what to do instead, folders it binds).
BANNED = {
    "distribution": (r"\bstd::\w+_distribution\b", "differs between libraries: draw from RandomStream", ROOMS + OUTSIDE),
    "rand": (r"(?<![\w.>:])s?rand\s*\(|\brandom_device\b", "draw from a named RandomStream", ROOMS + OUTSIDE),
    "shared_ptr": (r"\bshared_ptr\b|\bmake_shared\b", "own with unique_ptr, look with T& or T*", ROOMS),
    "pragma_once": (r"#\s*pragma\s+once", "use the guard JEVONS_PATH_H_", ROOMS + OUTSIDE),
    "print": (r"\bstd::(cout|cerr|clog|puts)\b|(?<![\w.:>])(std::)?f?printf\s*\(|\bfmt::print\b",
              "the library never prints: return data or an Error",
              [room for room in ROOMS if room not in ("apps", "report")]),
    "exit": (r"(?<![\w.>])(std::)?(exit|_exit|_Exit|quick_exit|abort|terminate)\s*\(",
             "the library never exits: return an Error, or CHECK", [room for room in ROOMS if room != "apps"]),
    "clock": (r"\b(system_clock|high_resolution_clock)\b|(?<![\w.>:])time\s*\(\s*(nullptr|NULL|0)\s*\)|\bgettimeofday\b",
              "results may not depend on the clock", ROOMS),
    "locale": (r"\bsetlocale\b|\bstd::locale\b|\bstd::sto[idlu]\w*\b|(?<![\w.>:])(ato[ifl]l?|strto[dlfu]\w*)\s*\(",
               "parse with base/text.h, which knows no locale", ROOMS),
    "using_namespace": (r"\busing\s+namespace\s+std\b", "name what you use", ROOMS + OUTSIDE),
    "leftover": None,  # Looked for in comments, by check_lines.
}
# Files whose job is what others may not do.
EXEMPT = {
    ("base/check.cc", "print"): "says which check failed",
    ("base/check.cc", "exit"): "and ends the program",
    ("experiments/workers.cc", "exit"): "a forked worker leaves without running its parent's destructors",
    ("experiments/workers.cc", "print"): "a worker's last words; its parent reports the rest",
    ("apps/trace_command.cc", "shared_ptr"): "CLI11 copies callbacks, and they share the targets of options",
    ("apps/validate_command.cc", "shared_ptr"): "CLI11 copies callbacks, and they share the targets of options",
    ("sim/engine/clock.cc", "shared_ptr"): "SimGrid takes its models by shared_ptr",
}
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
UNORDERED = re.compile(r"\bunordered_(?:flat_|node_)?(?:multi)?(?:map|set)\s*<")
POLICY_KINDS = ["allocator", "autoscaler", "batcher", "placement", "router", "training_queue"]


def blank_code(text):
    """`text` with comments and the inside of strings replaced by blanks, line by line as before."""
    pattern = re.compile(r'R"([^\s()\\]{0,16})\((?:.|\n)*?\)\1"|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"|'
                         r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'")
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def allowed(line, name):
    match = ALLOW.search(line)
    return bool(match) and match.group(1) == name


class Source:
    """One C++ file of the project and what is wrong with it."""

    def __init__(self, root, path):
        self.root = root
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.code = blank_code(self.text).splitlines()
        self.found = []

    def report(self, number, what):
        self.found.append(f"{self.name}:{number}: {what}")

    def check(self):
        self.check_frame()
        self.check_lines()
        self.check_banned()
        self.check_unordered()
        self.check_functions()
        return self.found

    def check_frame(self):
        if not self.lines or not self.lines[0].startswith("//") or len(self.lines[0].strip("/ ")) < 5:
            self.report(1, "no first comment (say the file's one subject)")
        if len(self.lines) > MAX_FILE:
            self.report(len(self.lines), f"{len(self.lines)} lines (at most {MAX_FILE}: a file has one subject)")
        if self.text and not self.text.endswith("\n"):
            self.report(len(self.lines), "no newline at the end")
        self.check_own_header()
        if self.name.endswith(".h"):
            guard = "JEVONS_" + re.sub(r"[/.]", "_", self.name).upper() + "_"
            code = [line for line in self.lines if line.startswith("#")]
            if code[:2] != [f"#ifndef {guard}", f"#define {guard}"]:
                self.report(1, f"guard is not {guard}")

    def check_own_header(self):
        """x.cc includes x.h first, which shows that x.h compiles alone."""
        own = self.name.removesuffix(".cc") + ".h"
        if not self.name.endswith(".cc") or not (self.root / own).exists():
            return
        first = next((line for line in self.lines if line.startswith("#include")), "")
        if first.split()[1:2] != [f'"{own}"']:
            self.report(1, f'own header "{own}" is not included first (it must compile alone)')

    def check_lines(self):
        for number, line in enumerate(self.lines, 1):
            if len(line) > MAX_LINE:
                self.report(number, f"{len(line)} columns (at most {MAX_LINE})")
            if line != line.rstrip():
                self.report(number, "blanks at the end of the line")
            if "\t" in self.code[number - 1]:
                self.report(number, "a tab")
            comment = line[line.find("//"):] if "//" in line else ""
            if LEFTOVER.search(comment):
                self.report(number, "a leftover (do it, or write an issue)")

    def check_banned(self):
        room = self.name.split("/")[0]
        for name, rule in BANNED.items():
            if rule is None or room not in rule[2] or (self.name, name) in EXEMPT:
                continue
            pattern = re.compile(rule[0])
            for number, line in enumerate(self.code, 1):
                if pattern.search(line) and not allowed(self.lines[number - 1], name):
                    self.report(number, f"{name} ({rule[1]})")

    def check_unordered(self):
        """No loop over an unordered container: its order differs between libraries."""
        if self.name.split("/")[0] not in ROOMS:
            return
        names = set()
        for line in self.code:
            if UNORDERED.search(line):
                names.update(re.findall(r">\s*&?\s*(\w+)\s*(?:[;={(]|$)", line))
        for number, line in enumerate(self.code, 1):
            loop = re.search(r"\bfor\s*\([^;]*:\s*\*?(?:\w+(?:\.|->))*(\w+)\s*\)", line)
            begin = re.search(r"\b(\w+)(?:\.|->)c?begin\s*\(", line)
            for match in (loop, begin):
                if match and match.group(1) in names and not allowed(self.lines[number - 1], "unordered"):
                    self.report(number, f"unordered: loop over '{match.group(1)}' (its order differs between libraries)")

    def check_functions(self):
        """Functions start at a line that ends in "{" and looks like one, and end at the "}" of the same indent."""
        start = None
        for number, line in enumerate(self.code, 1):
            stripped = line.strip()
            indent = len(line) - len(line.lstrip())
            if start is None:
                opens = stripped.endswith("{") and "(" in "".join(self.code[max(0, number - 4):number])
                if opens and re.search(r"\)[^;=]*\{$", stripped) and not re.match(
                        r"(if|for|while|switch|else|do|try|catch|namespace|extern|struct|class|enum|\}|return)\b", stripped):
                    start = (number, indent if indent % 4 != 0 or indent == 0 else self.statement_indent(number))
            elif stripped.startswith("}") and indent <= start[1]:
                length = number - start[0] + 1
                if length > MAX_FUNCTION and not allowed(self.lines[start[0] - 1], "length"):
                    self.report(start[0], f"function of {length} lines (at most {MAX_FUNCTION})")
                start = None

    def statement_indent(self, number):
        """Indent of the line where the declaration that ends on line `number` began (its arguments may be wrapped)."""
        depth = 0
        for index in range(number - 1, max(-1, number - 8), -1):
            line = self.code[index]
            depth += line.count(")") - line.count("(")
            if depth <= 0:
                return len(line) - len(line.lstrip())
        return 0


def check_policies(root):
    """Every policy has its line in the list, or nobody can choose it."""
    builtin = root / "policies/builtin.cc"
    if not builtin.exists():
        return ["policies/builtin.cc: missing (the list of every policy)"]
    text = blank_code(builtin.read_text(encoding="utf-8"))
    listed = set(re.findall(r"\badd<\s*(\w+)\s*>", text))
    found = []
    for kind in POLICY_KINDS:
        for path in sorted((root / "policies" / kind).glob("*.h")):
            source = path.read_text(encoding="utf-8")
            if "kName" not in source:
                continue  # A helper that several policies share.
            classes = re.findall(r"\bclass\s+(\w+)\s+(?:final\s*)?:\s*public\b", source)
            if not set(classes) & listed:
                found.append(f"{path.relative_to(root).as_posix()}:1: not in policies/builtin.cc (add its line)")
    return found


def check_documents(root):
    """Relative links lead somewhere, and a document has one title."""
    found = []
    for path in sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "examples").rglob("*.md")]):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        prose = re.sub(r"```.*?```", lambda match: re.sub(r"[^\n]", "", match.group(0)), text, flags=re.S)
        lines = prose.splitlines()
        if sum(line.startswith("# ") for line in lines) != 1:
            found.append(f"{name}:1: not exactly one '# Title'")
        for number, line in enumerate(lines, 1):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                file = target.split("#")[0]
                if re.match(r"[a-z]+:", target) or not file:
                    continue
                if not (path.parent / file).exists():
                    found.append(f"{name}:{number}: the link to '{target}' leads nowhere")
            if LEFTOVER.search(line):
                found.append(f"{name}:{number}: a leftover (do it, or write an issue)")
    return found


def sources(root):
    for folder in ROOMS + OUTSIDE:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and path.is_file():
                yield path


def check_format(root):
    tool = shutil.which("clang-format")
    if tool is None:
        print("skipped: no clang-format")
        return None
    found = []
    paths = [str(path) for path in sources(root)]
    for first in range(0, len(paths), 16):
        done = subprocess.run([tool, "--dry-run", *paths[first:first + 16]], capture_output=True, text=True, check=False)
        found += [line.replace(f"{root}/", "").split(" warning:")[0] + " not formatted (clang-format -i)"
                  for line in done.stderr.splitlines() if " warning: " in line]
    return found


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--format"]
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    if "--format" in sys.argv[1:]:
        found = check_format(root)
        if found is None:
            return 77
    else:
        found = check_policies(root) + check_documents(root)
        for path in sources(root):
            found += Source(root, path).check()
    print(*found, sep="\n", end="\n" if found else "")
    print(f"tidy: {len(found)} findings in {sum(1 for _ in sources(root))} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
