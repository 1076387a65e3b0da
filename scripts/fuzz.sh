#!/usr/bin/env bash
# Feeds the readers of files and settings with broken input, under AddressSanitizer and UndefinedBehaviorSanitizer (libFuzzer; clang).
#   scripts/fuzz.sh [SECONDS [TARGET...]]    each target for so many seconds (5); all targets of tests/fuzz by default
# HOURGLASS_FUZZ_MESSAGES=1 build/fuzz/fuzz/TARGET_fuzz FILE says why a file is refused. A seed that is valid and refused means a fuzzer
# that tests nothing.
# The corpus grows in build/fuzz/corpus/TARGET; what ends a target badly is kept in build/fuzz/found. Needs the program of the release
# build, for a corpus to begin with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-5}
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cpp; do
    targets+=("$(basename "$source" _fuzz.cpp)")
  done
fi

if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DHOURGLASS_FUZZ=ON \
  -DHOURGLASS_SANITIZE=address,undefined -DHOURGLASS_TESTS=OFF -DHOURGLASS_BENCHMARKS=OFF >/dev/null
cmake --build build/fuzz --target "${targets[@]/%/_fuzz}"
/usr/bin/python3 -B tests/fuzz/make_corpus.py build/fuzz/seeds "${HOURGLASS:-build/release/bin/hourglass}"

# A fuzzer that dies leaves its file.
trap 'rm -f /dev/shm/hourglass-fuzz-*' EXIT
failed=0
for target in "${targets[@]}"; do
  mkdir -p "build/fuzz/corpus/$target" build/fuzz/found
  # Leaks: Open MPI and HDF5 keep memory for life.
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 "build/fuzz/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=20 \
    -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 -verbosity=1 -artifact_prefix="build/fuzz/found/$target-" \
    "build/fuzz/corpus/$target" "build/fuzz/seeds/$target" >"build/fuzz/$target.log" 2>&1 || {
    failed=1
    echo "FOUND by $target; see build/fuzz/$target.log:" >&2
    grep -E 'ERROR|SUMMARY|runtime error|internal error|Test unit written' "build/fuzz/$target.log" >&2 || tail -n 5 "build/fuzz/$target.log" >&2
  }
  echo "$target: $(grep -oE 'number_of_executed_units: +[0-9]+' "build/fuzz/$target.log" | grep -oE '[0-9]+$') executions," \
    "$(grep -oE 'cov: [0-9]+' "build/fuzz/$target.log" | tail -n 1 | cut -d' ' -f2) edges covered"
done
exit "$failed"
