#!/bin/sh
# Installs the Debian packages that the build needs and this machine lacks.
#
# The list is Build-Depends of debian/control and nothing else; packages marked <!nocheck> there serve only the tests and
# are left out with --no-tests.  When nothing is missing this takes milliseconds and touches nothing.
#
# usage: tools/setup.sh [--no-tests] [--list]
set -eu
cd "$(dirname "$0")/.."

tests=1
list=0
for argument in "$@"; do
  case "$argument" in
    --no-tests) tests=0 ;;
    --list) list=1 ;;
    *) echo "setup: unknown argument '$argument' (known: --no-tests, --list)" >&2; exit 2 ;;
  esac
done

# One package a line, without versions; awk and not python3, which a bare machine does not have.
wanted=$(awk -v tests="$tests" '
  /^Build-Depends:/ { inside = 1; sub(/^Build-Depends:/, "") }
  /^[A-Za-z]/ { inside = 0 }
  inside {
    count = split($0, entries, ",")
    for (i = 1; i <= count; i++) {
      if (entries[i] ~ /<!nocheck>/ && !tests) continue
      gsub(/\([^)]*\)|<[^>]*>|[ \t]/, "", entries[i])
      if (entries[i] != "") print entries[i]
    }
  }' debian/control)
if [ "$list" = 1 ]; then
  echo "$wanted"
  exit 0
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
  # Not Debian: the configure step names whatever is missing, so say what is wanted and let it try.
  echo "setup: this is not a Debian system, so nothing was installed; Jevons needs the equivalents of:" >&2
  echo $wanted | fold -s -w 100 | sed 's/^/  /' >&2
  exit 0
fi

# A package that another one provides (g++ of another version, pkg-config by pkgconf) counts as installed.
# shellcheck disable=SC2086  # One word each is the point.
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package},${Provides}\n' 2>/dev/null |
  sed -n 's/^installed //p' | sed 's/([^)]*)//g' | tr -d ' ' | tr ',' '\n')
missing=$(printf '%s\n--\n%s\n' "$installed" "$wanted" |
  awk '$0 == "--" { wanted = 1; next } !wanted { have[$0] = 1; next } !($0 in have)')
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root="env"
elif command -v sudo >/dev/null 2>&1; then
  as_root="sudo env"
else
  echo "setup: these packages are missing, and installing them needs root (there is no sudo here):" >&2
  echo "  apt-get install --no-install-recommends" $missing >&2
  exit 1
fi

echo "setup: installing" $missing >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run_apt() {
  if ! $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: 'apt-get $1' failed, its last lines are above; wanted, on Debian 12 and as root:" >&2
    echo "  apt-get install --no-install-recommends" $missing >&2
    exit 1
  fi
}
run_apt update
run_apt install --no-install-recommends $missing
