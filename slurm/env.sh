# shellcheck shell=bash
# What a job of this cluster needs before it can run hourglass; sourced by the job scripts. Adapt it once, here. Each value may also come
# from the environment of sbatch.

# Compiler and libraries, where they come as modules rather than packages: those that hourglass was built with, e.g.
# module load gcc/12 openmpi/4.1 hdf5/1.10-parallel openblas

# The program, on a file system that all nodes see: the one that was installed with this file, or else the one built in this source tree.
if [ -z "${HOURGLASS-}" ]; then
  HOURGLASS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  case $HOURGLASS in
    */share/hourglass) HOURGLASS=${HOURGLASS%/share/hourglass}/bin/hourglass ;;
    *) HOURGLASS=$HOURGLASS/build/release/bin/hourglass ;;
  esac
fi

# How ranks are started. -K ends the job as soon as one rank dies: without it the others would wait for ever. pmix is what Open MPI speaks
# (MPICH: pmi2). Neighbouring ranks exchange most, so blocks of them share a node and a socket. Each rank stays on its cores.
: "${HOURGLASS_SRUN:=srun -K --mpi=pmix --distribution=block:block --cpu-bind=cores --wait=60}"

# Threads of a rank: the cores that the job asked for (--cpus-per-task). Since Slurm 22.05 srun no longer takes that from sbatch by itself.
: "${HOURGLASS_THREADS:=${SLURM_CPUS_PER_TASK:-1}}"
if [ -n "${SLURM_CPUS_PER_TASK-}" ]; then
  export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK
fi

# A requeued job that was given another number of nodes still finds its first number of ranks in the environment.
if [ -n "${SLURM_NTASKS_PER_NODE-}" ] && [ -n "${SLURM_JOB_NUM_NODES-}" ]; then
  export SLURM_NTASKS=$((SLURM_JOB_NUM_NODES * SLURM_NTASKS_PER_NODE))
  export SLURM_NPROCS=$SLURM_NTASKS
fi

# hourglass has threads of its own; the libraries below it must not start more.
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# One BLAS kernel on all nodes of a mixed cluster, that of the oldest: else a run on two kinds of CPU is refused, as its bits would change.
# export OPENBLAS_CORETYPE=Haswell

export HOURGLASS HOURGLASS_SRUN HOURGLASS_THREADS

# Whether the job is to go on: one that was cancelled, or that Slurm is ending, is not.
is_running() {
  scontrol show job "$SLURM_JOB_ID" | grep -q 'JobState=RUNNING'
}

# Puts the job back into the queue, and returns only if Slurm refuses. Slurm ends a script when it requeues the job; one that ended first
# would count as a job that failed, so it sleeps on when it outlives a sleep that Slurm ended before it.
requeue() {
  trap - USR1 TERM
  scontrol requeue "$SLURM_JOB_ID" || return
  while true; do
    sleep 300
  done
}
