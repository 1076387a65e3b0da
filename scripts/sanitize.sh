#!/usr/bin/env bash
# The tests under sanitizers. Works from any folder; scripts/test.sh installs what it needs.
#   scripts/sanitize.sh            the C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   scripts/sanitize.sh programs   the tests of the program, with a program built so (the better part of an hour)
#   scripts/sanitize.sh thread     those that have threads under ThreadSanitizer
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Open MPI keeps memory for life, which is not a leak of ours. Some tests of faults preload a library before the sanitizer's.
export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0

build() {
  cmake --preset "$1" -DHOURGLASS_WARNINGS_AS_ERRORS=ON -DHOURGLASS_BENCHMARKS=OFF
  cmake --build --preset "$@"
}

case "${1-}" in
  "")
    build debug
    ctest --preset debug --parallel "$(nproc)" --label-exclude program
    ;;
  programs)
    # Sizes in memory, packages, documents and the simulator have nothing to do with this program's build; Slurm's tests pass by themselves.
    build debug
    ctest --preset debug --label-regex program \
      --exclude-regex '^program_(bench|dag|docs|header|memory|package|peers|python|results|simulate|slurm)_test$'
    ;;
  thread)
    build tsan --target data_test engine_test engine_mpi_test run_test train_test train_mpi_test
    # Only our own threads are the question: the libraries were not built for it. Tests that fork or wait for a signal have none to show.
    export TSAN_OPTIONS="suppressions=$PWD/tests/support/tsan.supp ignore_noninstrumented_modules=1 die_after_fork=0"
    GTEST_FILTER='-*DeathTest*' ctest --preset tsan --tests-regex '^((data|engine|train)[.]|(engine|train)_mpi_[12]$)'
    GTEST_FILTER='ServingModel*:TrainedModel*' ctest --preset tsan --tests-regex '^run[.]'
    ;;
  *)
    echo "usage: scripts/sanitize.sh [programs | thread]" >&2
    exit 64
    ;;
esac
