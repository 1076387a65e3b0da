#!/usr/bin/env bash
# The C++ tests under sanitizers. Works from any folder; scripts/test.sh installs what it needs.
#   scripts/sanitize.sh            all of them under AddressSanitizer and UndefinedBehaviorSanitizer
#   scripts/sanitize.sh thread     those that have threads under ThreadSanitizer
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1-}" in
  "")
    # Open MPI keeps memory for life, which is not a leak of ours.
    export ASAN_OPTIONS=detect_leaks=0
    cmake --preset debug -DHOURGLASS_WARNINGS_AS_ERRORS=ON -DHOURGLASS_BENCHMARKS=OFF
    cmake --build --preset debug
    ctest --preset debug --parallel "$(nproc)" --exclude-regex '^program_'
    ;;
  thread)
    cmake --preset tsan -DHOURGLASS_WARNINGS_AS_ERRORS=ON -DHOURGLASS_BENCHMARKS=OFF
    cmake --build --preset tsan --target data_test train_test train_mpi_test
    # Only our own threads are the question: the libraries were not built for it. Tests that fork or wait for a signal have none to show.
    GTEST_FILTER='-*DeathTest.*' \
      TSAN_OPTIONS="suppressions=$PWD/tests/support/tsan.supp ignore_noninstrumented_modules=1 die_after_fork=0" \
      ctest --preset tsan --tests-regex '^(data|train|train_mpi_[12])$'
    ;;
  *)
    echo "usage: scripts/sanitize.sh [thread]" >&2
    exit 64
    ;;
esac
