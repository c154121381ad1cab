#!/usr/bin/env python3
"""tools/setup.sh against made-up machines: a folder of stand-ins for dpkg-query, id, sudo and apt-get comes first in PATH."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CONTROL = """Source: x
Build-Depends: alpha (>= 1), beta,
 gamma (>= 2.0) <!nocheck>,
 delta
Standards-Version: 4.6.2

Package: x
Depends: omega
"""


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        for name in ("tools", "debian", "bin"):
            (self.root / name).mkdir()
        shutil.copy(ROOT / "tools/setup.sh", self.root / "tools")
        (self.root / "debian/control").write_text(CONTROL)
        self.log = self.root / "apt.log"

    def tearDown(self):
        self.folder.cleanup()

    def stand_in(self, name, script):
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def machine(self, installed, user="0", sudo=False, apt="0"):
        lines = "\\n".join(f"installed {package}" for package in installed)
        self.stand_in("dpkg-query", f"printf '{lines}\\n'")
        self.stand_in("id", f"echo {user}")
        self.stand_in("apt-get", f'echo "$@" >>{self.log}\n[ {apt} = 0 ] || echo "E: no network"\nexit {apt}')
        if sudo:
            self.stand_in("sudo", f'echo sudo >>{self.log}\nexec "$@"')

    def run_setup(self, *arguments, path=None):
        # Only the tools the script needs, so that a real sudo of this machine is not found.
        for tool in ("sh", "awk", "sed", "tr", "dirname", "env", "mktemp", "rm", "tail", "fold"):
            link = self.root / "bin" / tool
            if not link.exists():
                link.symlink_to(shutil.which(tool))
        done = subprocess.run([str(self.root / "tools/setup.sh"), *arguments], capture_output=True, text=True, check=False,
                              env={"PATH": path or str(self.root / "bin"), "TMPDIR": os.environ.get("TMPDIR", "/tmp")})
        return done, self.log.read_text().splitlines() if self.log.exists() else []

    def test_the_list_is_build_depends_alone(self):
        self.machine([])
        self.assertEqual(self.run_setup("--list")[0].stdout.split(), ["alpha", "beta", "gamma", "delta"])
        self.assertEqual(self.run_setup("--no-tests", "--list")[0].stdout.split(), ["alpha", "beta", "delta"])

    def test_nothing_missing_touches_nothing(self):
        self.machine(["alpha,", "beta,", "gamma,", "delta,"], user="1000")
        done, log = self.run_setup()
        self.assertEqual((done.returncode, done.stdout, done.stderr, log), (0, "", "", []))

    def test_a_provided_package_counts(self):
        self.machine(["alpha,", "beta-next,beta (= 3), other", "gamma,", "delta,"])
        self.assertEqual(self.run_setup()[1], [])

    def test_only_what_is_missing_is_installed(self):
        self.machine(["alpha,", "delta,"])
        done, log = self.run_setup()
        self.assertEqual(done.returncode, 0)
        self.assertEqual(log, ["-q -y update", "-q -y install --no-install-recommends beta gamma"])

    def test_an_ordinary_user_goes_through_sudo(self):
        self.machine(["alpha,", "gamma,", "delta,"], user="1000", sudo=True)
        self.assertEqual(self.run_setup()[1],
                         ["sudo", "-q -y update", "sudo", "-q -y install --no-install-recommends beta"])

    def test_without_root_the_command_is_told(self):
        self.machine(["alpha,", "gamma,", "delta,"], user="1000")
        done, log = self.run_setup()
        self.assertEqual((done.returncode, log), (1, []))
        self.assertIn("apt-get install --no-install-recommends beta", done.stderr)

    def test_a_failing_apt_shows_its_words(self):
        self.machine(["alpha,"], apt="100")
        done, _ = self.run_setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("E: no network", done.stderr)
        self.assertIn("'apt-get update' failed", done.stderr)
        self.assertIn("apt-get install --no-install-recommends beta gamma delta", done.stderr)

    def test_not_debian_lists_what_is_wanted_and_lets_the_build_try(self):
        done, _ = self.run_setup()
        self.assertEqual(done.returncode, 0)
        self.assertIn("not a Debian system", done.stderr)
        self.assertIn("alpha beta gamma delta", done.stderr)


if __name__ == "__main__":
    unittest.main()
