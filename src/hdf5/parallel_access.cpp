#include "hdf5/parallel_access.hpp"

#include <mpi.h>

#include "hdf5/hdf5_attributes.hpp"

namespace hourglass::hdf5 {

Handle open_shared(const std::string& path, const std::string& name,
                   const Communicator& communicator) {
  const Lock lock;
  const Handle access = plain_file_access();
  const MPI_Comm comm = *static_cast<const MPI_Comm*>(communicator.handle());
  written(H5Pset_fapl_mpio(access.get(), comm, MPI_INFO_NULL), name, "no MPI-IO driver");
  return {written(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get()), name,
                  "cannot be opened for writing"),
          H5Fclose};
}

}  // namespace hourglass::hdf5
