#!/usr/bin/env bash
# clang-format, clang-tidy and cppcheck over the C++ sources, black and flake8 over the Python (and mypy over the package, where it is installed), shellcheck over the scripts. Works from any folder.
#   scripts/tidy.sh              everything (clang-tidy takes an hour on 2 cores)
#   scripts/tidy.sh --changed    clang-tidy only on what changed since HOURGLASS_TIDY_BASE (the commit before this one)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1-}" in
  "") changed_only=false ;;
  --changed) changed_only=true ;;
  *)
    echo "usage: scripts/tidy.sh [--changed]" >&2
    exit 64
    ;;
esac

# The sources clang-tidy is to read: of a changed header, the source of the same name.
sources() {
  if ! "$changed_only"; then
    git ls-files 'src/*.cpp' 'tests/*_test.cpp'
    return
  fi
  local base=${HOURGLASS_TIDY_BASE:-HEAD~1}
  if ! git rev-parse --quiet --verify "$base^{commit}" >/dev/null; then
    echo "tidy.sh: no commit $base to compare with (a shallow clone?): clang-tidy reads nothing" >&2
    return
  fi
  git diff --name-only "$base" -- 'src/*' 'include/*' 'tests/*' | while read -r file; do
    file=${file/#include\/hourglass/src}
    file=${file%.hpp}
    file=${file%.cpp}.cpp
    [ ! -e "$file" ] || echo "$file"
  done | sort -u
}

mkdir -p build
# A folder of its own: clang-tidy understands neither GCC's precompiled headers nor all of its options.
cmake -S . -B build/tidy -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DHOURGLASS_PRECOMPILED_HEADERS=OFF >build/tidy.log || {
  cat build/tidy.log
  exit 1
}
failed=0
git ls-files '*.cpp' '*.hpp' | xargs clang-format --dry-run --Werror || failed=1

known=$(grep -oE '"file": "[^"]+' build/tidy/compile_commands.json | cut -d'"' -f4)
sources | while read -r file; do
  # What this configuration does not compile (a consumer of the package, a simulator's program) has no command to read it with.
  if grep -qxF "$PWD/$file" <<<"$known"; then printf '%s\0' "$file"; fi
done | xargs -0 -r -P "$(nproc)" -n 1 clang-tidy --quiet -p build/tidy || failed=1

# Not the tests: cppcheck does not know GoogleTest's typed tests.
cppcheck --quiet --enable=warning,performance,portability --std=c++20 --language=c++ --error-exitcode=1 -j "$(nproc)" \
  --suppressions-list=.cppcheck -I include -I src src bench/*.cpp || failed=1

# Debian's Python, which has the checkers; settings in pyproject.toml and .flake8.
git ls-files -z '*.py' | xargs -0 /usr/bin/python3 -m black --check || failed=1
git ls-files -z '*.py' | xargs -0 /usr/bin/python3 -m flake8 || failed=1
# Types of the Python package, where Debian's mypy is installed; settings in python/pyproject.toml.
if /usr/bin/python3 -c 'import mypy' 2>/dev/null; then
  (cd python && /usr/bin/python3 -m mypy --cache-dir=../build/mypy) || failed=1
fi

git ls-files '*.sh' '*.sbatch' .ci/run | xargs shellcheck -x || failed=1
exit "$failed"
