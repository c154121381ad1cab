#!/bin/sh
# Everything that must hold before a change is accepted: installs what is missing, builds, runs every test, and ends with
# the line "N passed, N failed" (and ", N skipped" where data is absent).  Exit code 0 only when nothing failed.
#
#   ./test.sh                     release build, all tests
#   ./test.sh --sanitize          then the unit tests again under ASan and UBSan (twice the time)
#   ./test.sh -R kv_cache -V      what else follows goes to ctest
#
# JEVONS_TEST_SCALE multiplies the number of random cases in the heavy tests (docs/testing.md); 1 is what CI runs.
set -eu
cd "$(dirname "$0")"
say() { printf '\n== %s\n' "$*"; }

sanitize=0
if [ "${1:-}" = --sanitize ]; then
  sanitize=1
  shift
fi
jobs=$(nproc)

say "packages (debian/control)"
tools/setup.sh
mkdir -p build
rm -f build/junit-*.xml

# build_and_test PRESET BENCH CTEST-ARGUMENT...
build_and_test() {
  preset=$1
  bench=$2
  shift 2
  say "build ($preset)"
  cmake --preset "$preset" -DJEVONS_TESTS=ON -DJEVONS_BENCH="$bench" >build/configure.log 2>&1 || {
    cat build/configure.log
    exit 1
  }
  cmake --build --preset "$preset"
  say "test ($preset)"
  ctest --test-dir "build/$preset" --parallel "$jobs" --output-on-failure --no-tests=error \
    --output-junit "$PWD/build/junit-$preset.xml" "$@" || true  # The count below decides.
  counted="${counted:-} build/junit-$preset.xml"
}

build_and_test release ON "$@"
if [ "$sanitize" = 1 ]; then
  JEVONS_TEST_SCALE="${JEVONS_TEST_SCALE:-0.1}" build_and_test asan OFF --label-regex '^unit$' "$@"
fi
# shellcheck disable=SC2086  # One word each is the point.
python3 tools/count_tests.py $counted
