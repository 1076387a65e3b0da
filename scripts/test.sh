#!/usr/bin/env bash
# Installs what the tests need, builds everything with warnings as errors and runs every test. Works from any folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_deps.sh --tests
cmake --preset release -DHOURGLASS_WARNINGS_AS_ERRORS=ON
cmake --build --preset release
# Two tests a core, for many of them wait; those that compute all the time take two places (tests/CMakeLists.txt).
ctest --preset release --parallel "$((2 * $(nproc)))" "$@"
