#include <algorithm>

#include "export/export.hpp"
#include "export/safetensors_file.hpp"

namespace hourglass {

std::string to_safetensors(const Model& model) {
  SafetensorsFile file(model);
  if (treats_missing(model) && !fed_means(model).empty()) {
    const std::vector<float>& means = fed_means(model);
    file.add("input.missing_mean", {static_cast<Index>(means.size())}, means.data());
  }
  if (!model.transform.mean.empty()) {
    const auto width = static_cast<Index>(model.transform.mean.size());
    if (model.transform.exact_mean.empty()) {
      file.add("input.mean", {width}, model.transform.mean.data());
    } else {
      file.add("input.mean", {width}, model.transform.exact_mean.data());
    }
    file.add("input.inverse_deviation", {width}, model.transform.inverse_deviation.data());
  }
  if (model.network->spec().dictionary.pre_bias != PreBias::none) {
    std::string name = model.network->layout().tensor(model.network->architecture().pre_bias).name;
    std::ranges::replace(name, '/', '.');
    file.add_metadata("pre_bias", name);
  }
  for (const Tensor& tensor : model.network->layout().tensors()) {
    std::string name = tensor.name;
    std::ranges::replace(name, '/', '.');
    file.add(name, tensor.shape, model.parameters.data() + tensor.offset);
  }
  return file.bytes();
}

}  // namespace hourglass
