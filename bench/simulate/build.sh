#!/usr/bin/env bash
# Compiles the comm room against SimGrid's MPI: build.sh FOLDER puts the executable `simulate` into FOLDER. Statically linked
# with our own code, because SMPI gives each simulated rank its own globals of the executable alone.
set -euo pipefail
folder=${1:?usage: bench/simulate/build.sh FOLDER}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v smpicxx >/dev/null || { echo "build.sh: smpicxx is missing: install libsimgrid-dev (scripts/install_deps.sh --extras)" >&2; exit 69; }
mkdir -p "$folder"
# Compiled again only when a source is newer.
if [ -x "$folder/simulate" ] && [ -z "$(find bench/simulate src/comm src/core include/hourglass/comm include/hourglass/core -newer "$folder/simulate" -name '*.[ch]pp')" ]; then
  exit 0
fi
smpicxx -std=gnu++20 -O2 -ffp-contract=off -w -Iinclude -Isrc bench/simulate/*.cpp src/comm/*.cpp src/core/active_rows.cpp src/core/activity.cpp src/core/error.cpp src/core/tree_sum.cpp src/core/wire_format.cpp \
  -o "$folder/simulate" -lfmt
