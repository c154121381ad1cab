#!/usr/bin/env python3
"""The linters find what they are for: each test plants one mistake in a small tree and expects it named."""
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True
import check_layers  # noqa: E402
import count_tests  # noqa: E402
import tidy  # noqa: E402

GOOD = '// Adds numbers, nothing else.\n#ifndef JEVONS_BASE_X_H_\n#define JEVONS_BASE_X_H_\n#endif  // JEVONS_BASE_X_H_\n'


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def tidy_of(self, text, name="sim/x.cc"):
        return tidy.Source(self.root, self.write(name, text)).check()

    def assert_names(self, findings, word):
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(word, findings[0])


class Layers(Tree):
    def found(self, name, header):
        self.write(name, f'#include "{header}"\n')
        return check_layers.check(self.root)[1]

    def test_a_policy_may_not_import_the_simulator(self):
        self.assert_names(self.found("policies/router/oops.h", "sim/simulation.h"), "policies may not import sim")

    def test_a_policy_may_not_import_traces(self):
        self.assert_names(self.found("policies/router/oops.h", "traces/trace.h"), "policies may not import traces")

    def test_a_policy_may_not_import_another_kind(self):
        self.assert_names(self.found("policies/router/oops.h", "policies/batcher/static.h"), "policies/batcher")

    def test_the_simulator_may_not_import_a_policy(self):
        self.assert_names(self.found("sim/serving/oops.cc", "policies/router/round_robin.h"), "may not import policies")

    def test_report_sees_only_what_a_run_produced(self):
        self.assert_names(self.found("report/oops.cc", "sim/simulation.h"), "report may not import sim")
        self.assertEqual(check_layers.objection("report/ok.cc", "sim/observe/result.h"), None)

    def test_inside_sim_imports_go_down(self):
        self.assertEqual(check_layers.objection("sim/serving/pool.h", "sim/simulation.h"), None)
        self.assert_names(self.found("sim/model/oops.h", "sim/serving/replica.h"), "sim/model may not import sim/serving")
        self.assertEqual(check_layers.objection("sim/serving/replica.cc", "sim/model/iteration.h"), None)

    def test_base_imports_nothing(self):
        self.assert_names(self.found("base/oops.h", "proto/scenario.pb.h"), "base may not import proto")

    def test_a_header_without_its_room_is_named(self):
        self.assert_names(self.found("base/oops.cc", "units.h"), "in no room")


class Style(Tree):
    def test_clean(self):
        self.assertEqual(self.tidy_of(GOOD, "base/x.h"), [])

    def test_first_comment(self):
        self.assert_names(self.tidy_of("int x;\n"), "no first comment")

    def test_guard(self):
        self.assert_names(self.tidy_of(GOOD, "base/y.h"), "guard is not JEVONS_BASE_Y_H_")

    def test_banned_names(self):
        for line, word in {
            "std::normal_distribution<double> d;": "distribution",
            "int x = rand();": "rand",
            "std::shared_ptr<int> p;": "shared_ptr",
            "using namespace std;": "using_namespace",
            'std::cout << "x";': "print",
            'std::fprintf(stderr, "x");': "print",
            "std::exit(1);": "exit",
            "auto t = std::chrono::system_clock::now();": "clock",
            "double v = std::stod(text);": "locale",
        }.items():
            with self.subTest(line):
                self.assert_names(self.tidy_of(f"// Does one thing badly.\n{line}\n"), word)

    def test_comments_and_strings_may_name_what_is_banned(self):
        self.assertEqual(self.tidy_of('// No rand() and no shared_ptr here.\nconst char* k = "exit(1) rand()";\n'), [])

    def test_an_exception_says_why(self):
        line = "std::shared_ptr<int> p;  // tidy: allow(shared_ptr)"
        self.assert_names(self.tidy_of(f"// Does one thing.\n{line}\n"), "shared_ptr")
        self.assertEqual(self.tidy_of(f"// Does one thing.\n{line} SimGrid's interface\n"), [])

    def test_leftover(self):
        self.assert_names(self.tidy_of("// Does one thing.\nint x;  // " + "TO" + "DO later\n"), "leftover")

    def test_loop_over_an_unordered_container(self):
        text = "// Does one thing.\nstd::unordered_map<int, int> seen_;\nvoid f() { for (auto& [k, v] : seen_) g(k, v); }\n"
        self.assert_names(self.tidy_of(text), "unordered")

    def test_long_line_long_file_long_function(self):
        self.assert_names(self.tidy_of("// Does one thing.\nint " + "x" * 120 + ";\n"), "columns")
        self.assert_names(self.tidy_of("// Does one thing.\n" + "int x;\n" * 400), "401 lines")
        self.assert_names(self.tidy_of("// Does one thing.\nvoid f() {\n" + "  g();\n" * 59 + "}\n"), "function of 61 lines")
        self.assertEqual(self.tidy_of("// Does one thing.\nvoid f() {\n" + "  g();\n" * 58 + "}\n"), [])

    def test_long_member_function_with_wrapped_arguments(self):
        body = "    g();\n" * 60
        text = f"// Does one thing.\nclass X {{\n  void f(int a,\n         int b) const {{\n{body}  }}\n}};\n"
        self.assert_names(self.tidy_of(text), "function of 62 lines")

    def test_own_header_first(self):
        self.write("sim/x.h", "// A header.\n")
        self.assert_names(self.tidy_of('// Does one thing.\n#include <vector>\n\n#include "sim/x.h"\n'), "own header")

    def test_an_unlisted_policy_is_named(self):
        self.write("policies/builtin.cc", "// p.routers.add<Forgotten>();\np.routers.add<Listed>();\n")
        self.write("policies/router/listed.h", "class Listed final : public Router { kName };\n")
        self.write("policies/router/forgotten.h", "class Forgotten final : public Router { kName };\n")
        self.assert_names(tidy.check_policies(self.root), "policies/router/forgotten.h")

    def test_a_dead_link_is_named(self):
        self.write("README.md", "# Title\n[there](docs/there.md) [gone](docs/gone.md) [web](https://x.org/y.md)\n")
        self.write("docs/there.md", "# There\n")
        self.assert_names(tidy.check_documents(self.root), "docs/gone.md")


class Counting(Tree):
    def verdicts(self, cases):
        path = self.write("junit-x.xml", f"<testsuite>{cases}</testsuite>")
        return [count_tests.verdict(case) for case in count_tests.ElementTree.parse(path).getroot().iter("testcase")]

    def test_a_program_that_could_not_run_is_a_failure_not_a_skip(self):
        self.assertEqual(
            self.verdicts('<testcase name="a" status="run"/>'
                          '<testcase name="b" status="fail"><failure message=""/></testcase>'
                          '<testcase name="c" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>'
                          '<testcase name="d" status="notrun"><skipped message="Unable to find executable"/></testcase>'),
            ["passed", "failed", "skipped", "failed"])

    def test_a_run_that_was_cut_short_is_a_failure(self):
        good = self.write("junit-a.xml", '<testsuite><testcase name="a" status="run"/></testsuite>')
        bad = self.write("junit-b.xml", "<testsuite><testc")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            self.assertEqual(count_tests.main([str(good), str(bad), str(self.root / "junit-c.xml")]), 1)
        self.assertEqual(printed.getvalue().splitlines()[-1], "1 passed, 2 failed")


if __name__ == "__main__":
    unittest.main()
