#include "core/layout.hpp"

#include <algorithm>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

Slot Layout::add(std::string name, std::vector<Index> shape) {
  if (name.empty())
    throw Error(ErrorKind::bug, "internal error: a parameter tensor without a name");
  if (std::ranges::any_of(tensors_, [&](const Tensor& tensor) { return tensor.name == name; })) {
    throw Error(ErrorKind::bug, "internal error: two parameter tensors are called " + name);
  }
  Index size = 1;
  for (const Index extent : shape) {
    if (extent < 1 || __builtin_mul_overflow(size, extent, &size)) {
      throw Error(ErrorKind::bug, "internal error: impossible shape of parameter tensor " + name);
    }
  }
  const Index offset = size_;
  size_ += round_up(size, cell_floats);
  tensors_.push_back({std::move(name), std::move(shape), offset, size});
  return static_cast<Slot>(tensors_.size()) - 1;
}

Index Layout::parameter_count() const {
  Index count = 0;
  for (const Tensor& tensor : tensors_) count += tensor.size;
  return count;
}

Range Layout::range(Slot slot) const {
  const Tensor& t = tensor(slot);
  return {t.offset, t.offset + round_up(t.size, cell_floats)};
}

}  // namespace hourglass
