#include "train/memory_prediction.hpp"

#include <fmt/format.h>

namespace hourglass {

Index MemoryPrediction::total() const {
  Index bytes = 0;
  for (const Item& item : items) bytes += item.bytes;
  return bytes;
}

std::string MemoryPrediction::text() const {
  const auto mebibytes = [](Index bytes) { return static_cast<double>(bytes) / (1 << 20); };
  std::string text = fmt::format("memory of a rank: {:.1f} MiB, and up to 100 MiB for libraries (",
                                 mebibytes(total()));
  for (std::size_t i = 0; i < items.size(); ++i) {
    text +=
        fmt::format("{}{} {:.1f}", i == 0 ? "" : ", ", items[i].name, mebibytes(items[i].bytes));
  }
  return text + ")";
}

}  // namespace hourglass
