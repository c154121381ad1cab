#!/usr/bin/env bash
# compile_fail.sh COMPILER SOURCE_DIR CASE: compiles tests/base/compile_fail.cc with only CASE switched on.
# "control" must compile; every other case must not, and the compiler must name the line marked with the case.
set -u
compiler=$1 root=$2 case=$3
file=$root/tests/base/compile_fail.cc
output=$("$compiler" -std=c++20 -fsyntax-only -Wall -Werror -I"$root" -D"CASE_$case" "$file" 2>&1)
status=$?
if [ "$case" = control ]; then
  [ $status -eq 0 ] || { echo "$output"; echo "the control does not compile"; exit 1; }
  exit 0
fi
[ $status -ne 0 ] || { echo "$case compiles, and must not"; exit 1; }
line=$(grep -n "must not compile: $case\$" "$file" | cut -d: -f1)
[ -n "$line" ] || { echo "no line is marked '$case'"; exit 1; }
echo "$output" | grep -q "compile_fail.cc:$line:" || { echo "$output"; echo "the error is not on line $line"; exit 1; }
