#!/usr/bin/env bash
# Builds with the preset coverage, runs the unit tests and prints the share of each room's lines
# that they run. Works from any folder; needs GCC and gcovr (scripts/install_deps.sh --extras).
#   scripts/coverage.sh           all rooms; the table replaces the one in docs/testing.md
#   scripts/coverage.sh ROOM...   builds and runs the unit tests of these rooms only; prints only
# Line by line: build/coverage/html/index.html.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v gcovr >/dev/null; then
  echo "coverage.sh: no gcovr; scripts/install_deps.sh --extras installs it" >&2
  exit 69
fi
build=build/coverage
targets=()
selection=()
for room in "$@"; do
  if ! compgen -G "tests/$room/*_test.cpp" >/dev/null; then
    echo "usage: scripts/coverage.sh [ROOM...]   ($room has no unit tests)" >&2
    exit 64
  fi
  targets+=("${room}_test")
  selection+=("$room")
done

cmake --preset coverage
if [ $# -gt 0 ]; then
  cmake --build --preset coverage --target "${targets[@]}"
  selection=(--tests-regex "^($(IFS='|' && echo "${selection[*]}"))\\.")
else
  cmake --build --preset coverage
fi
# Counts of former runs.
find "$build" -name '*.gcda' -delete
ctest --preset coverage --label-regex '^unit$' --parallel "$(nproc)" "${selection[@]}"

mkdir -p "$build/html"
gcovr --root . --filter src/ --filter include/ --object-directory "$build" --exclude-directories '.*CompilerId.*' -j "$(nproc)" \
  --json-summary "$build/coverage.json" --html-details "$build/html/index.html" "$build"
scripts/coverage_table.py "$build/coverage.json" "$@"
