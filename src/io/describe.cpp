#include "hourglass/io/describe.hpp"

#include "hdf5_attributes.hpp"
#include "hdf5_handle.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

FileDescription describe_file(const std::string& path) {
  // More than anybody reads, few enough to hold.
  constexpr std::size_t most_datasets = 100000;
  const hdf5::Lock lock;
  const hdf5::Handle file = hdf5::open_file(path);
  FileDescription description{path, hdf5::file_bytes(path), false, {}};
  for (const std::string& name : hdf5::list_datasets(file.get(), most_datasets)) {
    DescribedDataset dataset{name, {}, {}};
    try {
      dataset.info = DatasetReader(DatasetAddress{path, name}).info();
    } catch (const Error& error) {
      dataset.problem = error.what();
    }
    description.datasets.push_back(std::move(dataset));
  }
  const hdf5::OpenedObject model = hdf5::open_object(file.get(), "/model");
  description.is_state = model.kind == H5I_GROUP && hdf5::has_attribute(model.handle.get(), "format_version");
  return description;
}

}  // namespace hourglass
