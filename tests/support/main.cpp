// Every test program runs under MPI, with one rank when started directly. Only rank 0 reports
// passing tests.
#include <gtest/gtest.h>

#include <cstdlib>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "math/blas.hpp"
#include "support/temporary_folder.hpp"

int main(int argc, char** argv) {
  // Open MPI's folder for a user's jobs is made by one job and removed by another that ends: a lone
  // process has its own.
  const hourglass::TemporaryFolder sessions;
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr)
    setenv("OMPI_MCA_orte_tmpdir_base", sessions.path().c_str(), 0);
  const hourglass::Environment environment(argc, argv);
  hourglass::use_single_threaded_blas();
  testing::InitGoogleTest(&argc, argv);
  const auto world = hourglass::Communicator::world();
  if (!world.is_root()) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
  }
  // A failure on any rank is a failure of the test.
  return static_cast<int>(world.max(static_cast<hourglass::Index>(RUN_ALL_TESTS())));
}
