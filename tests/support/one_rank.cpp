#include "support/one_rank.hpp"

#include <stdlib.h>

#include <memory>

#include "hourglass/comm/environment.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {

namespace {

// A process that no mpirun started.
class SingleProcessJob {
 public:
  SingleProcessJob() {
    // Open MPI's folder for a user's jobs is made by one job and removed by another that ends.
    setenv("OMPI_MCA_orte_tmpdir_base", sessions_.path().c_str(), 0);
    // Without a daemon, which serves only those that spawn processes, MPI starts in a tenth of the
    // time.
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("HWLOC_COMPONENTS", "-gl", 0);
    environment_ = std::make_unique<Environment>(arguments_, names_);
  }

 private:
  int arguments_ = 0;
  char** names_ = nullptr;
  TemporaryFolder sessions_;
  std::unique_ptr<Environment> environment_;
};

}  // namespace

Communicator one_rank() {
  static const SingleProcessJob job;
  return Communicator::self();
}

}  // namespace hourglass
