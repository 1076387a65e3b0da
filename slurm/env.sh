# shellcheck shell=bash
# What a job of this cluster needs before it can run hourglass; sourced by the job scripts. Adapt it once, here.

# On a cluster with environment modules, e.g.:
# module load gcc/12 openmpi/4.1 hdf5/1.10-parallel openblas

# The program: the one built in this source tree, unless HOURGLASS names another.
: "${HOURGLASS:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/release/bin/hourglass}"
export HOURGLASS

# How ranks are started: -K ends the job as soon as one rank dies (without it the others wait for ever).
: "${HOURGLASS_SRUN:=srun -K --mpi=pmix}"
export HOURGLASS_SRUN

# One rank a core or one rank a socket with --threads: either way BLAS must not start threads of its own.
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
