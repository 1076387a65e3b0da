#!/usr/bin/env bash
# The MPI tests under valgrind's memcheck, on two ranks: reads of what was never written, which the sanitizers do not see. Some minutes.
#   scripts/valgrind.sh [TEST...]    comm_mpi_test, hdf5_mpi_test and checkpoint_mpi_test by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(comm_mpi_test hdf5_mpi_test checkpoint_mpi_test)
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# valgrind 3.19 knows no AVX-512, neither in our code nor in OpenBLAS.
export OPENBLAS_CORETYPE=Haswell
cmake -S . -B build/valgrind -G Ninja -DCMAKE_BUILD_TYPE=Debug -DHOURGLASS_ARCH=haswell -DHOURGLASS_BENCHMARKS=OFF >/dev/null
cmake --build build/valgrind --target "${tests[@]}"

suppressions=()
for file in /usr/share/openmpi/openmpi-valgrind.supp tests/support/valgrind.supp; do
  [ ! -r "$file" ] || suppressions+=("--suppressions=$file")
done
for test in "${tests[@]}"; do
  mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 --mca btl tcp,self -n 2 \
    valgrind --quiet --error-exitcode=1 "${suppressions[@]}" "build/valgrind/tests/$test"
done
