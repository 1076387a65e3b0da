#include "parallel_access.hpp"

#include <mpi.h>

#include "hdf5_attributes.hpp"

namespace hourglass::hdf5 {

Handle shared_file_access(const Communicator& communicator) {
  Handle access = plain_file_access();
  if (communicator.size() == 1) return access;
  const Lock lock;
  const MPI_Comm comm = *static_cast<const MPI_Comm*>(communicator.handle());
  written(H5Pset_fapl_mpio(access.get(), comm, MPI_INFO_NULL), "HDF5", "no MPI-IO driver");
  return access;
}

Handle shared_transfer(const Communicator& communicator) {
  const Lock lock;
  Handle transfer(written(H5Pcreate(H5P_DATASET_XFER), "HDF5", "no transfer properties"), H5Pclose);
  if (communicator.size() > 1) {
    written(H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_COLLECTIVE), "HDF5", "no collective transfers");
  }
  return transfer;
}

}  // namespace hourglass::hdf5
