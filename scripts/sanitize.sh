#!/usr/bin/env bash
# The C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer. Works from any folder; scripts/test.sh installs what it needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Open MPI keeps memory for life, which is not a leak of ours.
export ASAN_OPTIONS=detect_leaks=0
cmake --preset debug -DHOURGLASS_WARNINGS_AS_ERRORS=ON -DHOURGLASS_BENCHMARKS=OFF
cmake --build --preset debug
ctest --preset debug --parallel "$(nproc)" --exclude-regex '^program_'
