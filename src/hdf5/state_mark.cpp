#include "hdf5/state_mark.hpp"

#include "hdf5/hdf5_attributes.hpp"

namespace hourglass {

bool is_state_file(hid_t file) {
  const hdf5::Lock lock;
  const auto model = hdf5::open_object(file, state_model_group);
  const bool is_state =
      model.kind == H5I_GROUP && hdf5::has_attribute(model.handle.get(), state_version_name);
  H5Eclear2(H5E_DEFAULT);
  return is_state;
}

}  // namespace hourglass
