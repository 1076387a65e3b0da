#pragma once

#include <functional>
#include <string>

namespace hourglass {

/// Reads a variable of the environment: nullptr when it is not set.
using EnvironmentVariable = std::function<const char*(const char* name)>;

/// An error message if a launcher started several processes of this program and each became a
/// separate job, because launcher and MPI library do not work together (srun without PMIx, or the
/// mpirun of another MPI): every copy would do the whole work and write to the same files. The
/// message says how to start a single job; it is empty if there is nothing wrong. `ranks` is the
/// size of the world that MPI made.
///
/// The evidence is the environment of the process. A launcher of MPI leaves its number of processes
/// (OMPI_COMM_WORLD_SIZE, PMI_SIZE) and has the last word. Slurm's SLURM_NTASKS counts only in a
/// task of an ordinary step: it is also set in the scripts of sbatch and in the shells of salloc,
/// which are one process each.
[[nodiscard]] std::string separate_copies(int ranks, const EnvironmentVariable& variable);

}  // namespace hourglass
