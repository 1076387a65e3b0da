// MPI tests: every rank runs every case, and only rank 0 reports those that pass.
#include <gtest/gtest.h>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "math/blas.hpp"

int main(int argc, char** argv) {
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
