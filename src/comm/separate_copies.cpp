#include "comm/separate_copies.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "hourglass/comm/environment.hpp"

namespace hourglass {

namespace {

using Number = unsigned long;

// Steps from here on are not srun's: the script of a batch job, the shell of salloc, what ssh
// brought into a job.
constexpr Number first_special_step = 0xfffffff0;

std::optional<Number> number_in(const EnvironmentVariable& variable, const char* name) {
  const char* const text = variable(name);
  if (text == nullptr) return std::nullopt;
  Number value = 0;
  const char* const end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || stopped != end || stopped == text) return std::nullopt;
  return value;
}

// Whether srun started this process. Only srun gives a task number above 0; the first task is told
// from a batch script by the number of its step.
bool is_task_of_srun(const EnvironmentVariable& variable) {
  const auto task = number_in(variable, "SLURM_PROCID");
  if (!task) return false;
  const auto step = number_in(variable, "SLURM_STEP_ID");
  return *task > 0 || (step && *step < first_special_step);
}

std::string message(const std::string& launcher, Number processes, const std::string& start) {
  return fmt::format(
      "{} started {} copies of this program, but each is a job of one rank to {}, so all would do "
      "the same work: use {}, or --launcher none to run each copy on its own",
      launcher, processes, Environment::library_version(), start);
}

}  // namespace

std::string separate_copies(int ranks, const EnvironmentVariable& variable) {
  if (ranks != 1) return "";
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const auto processes = number_in(variable, name);
    if (!processes) continue;
    if (*processes < 2) return "";
    // srun --mpi=pmi2 sets PMI_SIZE too.
    if (is_task_of_srun(variable)) return message("srun", *processes, "srun --mpi=pmix");
    return message("mpirun", *processes, "the mpirun of that MPI library");
  }
  // Of the step; SLURM_NTASKS may be that of the job.
  auto tasks = number_in(variable, "SLURM_STEP_NUM_TASKS");
  if (!tasks) tasks = number_in(variable, "SLURM_NTASKS");
  if (!tasks || *tasks < 2 || !is_task_of_srun(variable)) return "";
  return message("srun", *tasks, "srun --mpi=pmix");
}

}  // namespace hourglass
