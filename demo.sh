#!/bin/sh
# From nothing to the first comparison: installs what is missing, builds build/release/bin/jevons and runs
# examples/first_run.yaml.  Arguments go to `jevons compare` (./demo.sh --seeds 3).
set -eu
cd "$(dirname "$0")"
say() { printf '\n== %s\n' "$*" >&2; }

say "packages (debian/control)"
tools/setup.sh --no-tests

say "build (release; the first time takes a few minutes)"
mkdir -p build
cmake --preset release -DJEVONS_TESTS=OFF -DJEVONS_BENCH=OFF >build/configure.log 2>&1 || {
  cat build/configure.log >&2
  exit 1
}
cmake --build --preset release --target jevons >&2

say "jevons compare examples/first_run.yaml"
exec build/release/bin/jevons compare examples/first_run.yaml "$@"
