#!/usr/bin/env python3
"""Check 48: tools/mutate.py and tools/branches.py do what they say, on small files (a whole tree takes them a night)."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True
import branches  # noqa: E402
import mutate  # noqa: E402


class Mutants(unittest.TestCase):
    def test_one_operator_at_a_time(self):
        self.assertEqual(mutate.mutants("int f(int a) {\n  return a + 1 < 2 ? a : 0;  // a + 1\n}\n"),
                         [(2, "  return a - 1 < 2 ? a : 0;  // a + 1"), (2, "  return a + 1 <= 2 ? a : 0;  // a + 1")])

    def test_not_in_text_nor_where_the_compiler_looks(self):
        for line in ('  print(" + true");', "  // a < b", "#if A < B", "  CHECK(a < b);", "  static_assert(a == b);",
                     "template <class T>", "  std::vector<int> truest;"):
            self.assertEqual(mutate.mutants(line + "\n"), [], line)

    def test_killed_survived_and_stillborn(self):
        with tempfile.TemporaryDirectory() as folder:
            tree, text = Path(folder), "a + b\na + c\na + d\n"
            (tree / "x").write_text(text)
            # A build that refuses line 3's mutant, a test that sees only line 1.
            ends = [mutate.judge(tree, "x", m, "grep -q 'a + d' x", "grep -q 'a + b' x", 10) for m in mutate.mutants(text)]
            self.assertEqual(ends, ["killed", "survived", "stillborn"])
            self.assertEqual((tree / "x").read_text(), text)
            self.assertEqual(mutate.judge(tree, "x", (1, "a - b"), "true", "sleep 9", 0.1), "killed")  # Hangs.


class Branches(unittest.TestCase):
    def test_taken_and_not(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder).resolve()
            (tree / "sim").mkdir()
            (tree / "sim/a.cc").write_text("int main(int argc, char**) {\n  if (argc > 5) return 1;\n"
                                           "  for (int i = 0; i < 3; ++i) argc += i;\n  return argc == 4 ? 0 : 2;\n}\n")
            # Run once with one argument: 2 of the 6 branches are never taken.
            subprocess.run(["g++", "--coverage", "-O0", "-o", "a", "sim/a.cc"], cwd=tree, check=True)
            subprocess.run(["./a"], cwd=tree, check=True)
            lines = branches.read(tree, tree)
            self.assertEqual(branches.shares(lines, ["sim", "traces"]), {"sim": [4, 6], "traces": [0, 0]})

    def test_what_one_object_took_is_taken(self):
        self.assertEqual(branches.merged([1, 0], [0, 2]), [1, 2])
        self.assertEqual(branches.merged([1], [0, 2]), [0, 2])


if __name__ == "__main__":
    unittest.main()
