#!/bin/sh
# mpirun for tests, several at once: mpirun.sh MPIRUN ARGUMENT...
# Open MPI's folder for a user's jobs is made by one job and removed by another that ends, so each job has its own.
sessions=$(mktemp -d "${TMPDIR:-/tmp}/hourglass-mpi-XXXXXX") || exit
trap 'rm -rf "$sessions"' EXIT
trap 'exit 143' INT TERM
mpirun=$1
shift
OMPI_MCA_orte_tmpdir_base=$sessions "$mpirun" --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 "$@"
