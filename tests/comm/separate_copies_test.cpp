#include "comm/separate_copies.hpp"

#include <gtest/gtest.h>

#include <map>

namespace hourglass {
namespace {

std::string checked(int ranks, const std::map<std::string, std::string>& variables) {
  return separate_copies(ranks, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(SeparateCopies, of_srun_without_pmix) {
  for (const std::map<std::string, std::string>& task :
       {std::map<std::string, std::string>{{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "1"}},
        {{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", "0"}},
        {{"SLURM_NTASKS", "9"},
         {"SLURM_STEP_NUM_TASKS", "4"},
         {"SLURM_PROCID", "0"},
         {"SLURM_STEP_ID", "3"}},
        {{"PMI_SIZE", "4"}, {"SLURM_PROCID", "2"}}}) {
    const std::string text = checked(1, task);
    EXPECT_NE(text.find("srun started 4 copies"), std::string::npos) << text;
    EXPECT_NE(text.find("srun --mpi=pmix"), std::string::npos) << text;
    EXPECT_NE(text.find("--launcher none"), std::string::npos) << text;
    EXPECT_EQ(checked(4, task), "") << "they found each other";
  }
}

TEST(SeparateCopies, of_the_mpirun_of_another_library) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const std::string text = checked(1, {{name, "3"}});
    EXPECT_NE(text.find("mpirun started 3 copies"), std::string::npos) << text;
    EXPECT_EQ(checked(3, {{name, "3"}}), "");
    EXPECT_EQ(checked(1, {{name, "1"}}), "");
    // mpirun -n 1 in a job of several nodes, whose daemons srun started.
    EXPECT_EQ(
        checked(
            1, {{name, "1"}, {"SLURM_NTASKS", "2"}, {"SLURM_PROCID", "1"}, {"SLURM_STEP_ID", "0"}}),
        "");
  }
}

TEST(SeparateCopies, not_of_one_process) {
  EXPECT_EQ(checked(1, {}), "");
  EXPECT_EQ(checked(1, {{"SLURM_NTASKS", "4"}}), "") << "salloc";
  EXPECT_EQ(checked(1, {{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}), "") << "sbatch";
  for (const char* step : {"batch", "extern", "interactive", "4294967290", "4294967291", "-5"}) {
    EXPECT_EQ(checked(1, {{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", step}}),
              "")
        << step;
  }
  EXPECT_EQ(checked(1, {{"SLURM_NTASKS", "1"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", "0"}}), "");
  EXPECT_EQ(checked(1, {{"SLURM_NTASKS", "many"}, {"SLURM_PROCID", "1"}}), "");
}

}  // namespace
}  // namespace hourglass
