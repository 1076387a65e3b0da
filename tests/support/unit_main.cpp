// Unit tests run without MPI, so that each of them starts at once; those that need a communicator
// take one_rank().
#include <gtest/gtest.h>

#include "math/blas.hpp"

int main(int argc, char** argv) {
  hourglass::use_single_threaded_blas();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
