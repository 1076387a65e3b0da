#!/usr/bin/env bash
# Runs every benchmark program on this (idle) machine and leaves one JSON file each in a folder:
#   scripts/bench.sh FOLDER [--quick]     then: scripts/compare_bench.py OLD_FOLDER FOLDER
# --quick runs each benchmark once, small: it shows that they work and measures nothing.
set -euo pipefail
folder=${1:?usage: scripts/bench.sh FOLDER [--quick]}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
programs=${HOURGLASS_BUILD:-build/release}/bench
export OPENBLAS_NUM_THREADS=1

repetitions=(--benchmark_repetitions=5)
quick=
case "${2-}" in
  "") ;;
  --quick)
    quick=1
    repetitions=(--benchmark_min_time=0.001)
    ;;
  *)
    echo "bench.sh: unknown option ${2}; there is --quick" >&2
    exit 64
    ;;
esac
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# run NAME FILTER [LAUNCHER...]: FILTER is what --quick runs.
run() {
  local name=$1 filter=$2 options=()
  shift 2
  if [ ! -x "$programs/${name}_bench" ]; then
    echo "bench.sh: $programs/${name}_bench is missing: build it with cmake --build --preset release" >&2
    exit 66
  fi
  if [ -n "$quick" ]; then
    options=(--benchmark_filter="$filter")
  fi
  echo "== $name"
  "$@" "$programs/${name}_bench" --benchmark_color=false "${repetitions[@]}" "${options[@]}" --benchmark_out_format=json --benchmark_out="$folder/$name.json" >"$folder/$name.txt"
}

run gemm '.*'
run elementwise '.*'
run tree_sum 'floats:16384/'
run optimizer '.*adam.*'
run io 'rows|checkpoint'
run step 'batch:128/'
run input 'gather'
run exchange '/(1024|65536)/' mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n 2
echo "$folder holds the results; compare two such folders with scripts/compare_bench.py OLD NEW"
