#include "train/parameter_check.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <map>

#include "core/process.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::string digest_of(std::span<const float> values) {
  const XXH128_hash_t hash = XXH3_128bits(values.data(), values.size_bytes());
  return {reinterpret_cast<const char*>(&hash), sizeof hash};
}

// The first tensor whose digests are not the same everywhere.
std::string differing_tensor(const Communicator& communicator, const Layout& layout,
                             std::span<const float> parameters) {
  std::string digests;
  for (const Tensor& tensor : layout.tensors()) {
    digests += digest_of(parameters.subspan(static_cast<std::size_t>(tensor.offset),
                                            static_cast<std::size_t>(tensor.size)));
  }
  const auto all = communicator.all_gather(digests);
  const std::size_t size = sizeof(XXH128_hash_t);
  for (std::size_t t = 0; t < layout.tensors().size(); ++t) {
    for (const std::string& other : all) {
      if (other.compare(t * size, size, all[0], t * size, size) != 0)
        return layout.tensors()[t].name;
    }
  }
  return "the padding";
}

}  // namespace

std::vector<int> odd_ranks(std::span<const std::string> entries) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& entry : entries) ++counts[entry];
  std::size_t most = 0;
  for (const auto& [entry, count] : counts) most = std::max(most, count);
  const auto groups = std::count_if(counts.begin(), counts.end(),
                                    [&](const auto& group) { return group.second == most; });
  std::vector<int> odd;
  for (std::size_t rank = 0; rank < entries.size(); ++rank) {
    if (groups > 1 || counts[entries[rank]] < most) odd.push_back(static_cast<int>(rank));
  }
  return counts.size() < 2 ? std::vector<int>{} : odd;
}

void check_same_parameters(const Communicator& communicator, const Layout& layout,
                           std::span<const float> parameters, const std::string& when,
                           const std::string& advice) {
  const auto digests = communicator.all_gather(digest_of(parameters));
  const std::vector<int> odd = odd_ranks(digests);
  if (odd.empty()) return;
  const std::string tensor = differing_tensor(communicator, layout, parameters);
  const auto hosts = communicator.all_gather(host_name());
  constexpr std::size_t shown = 4;
  std::string names;
  for (std::size_t i = 0; i < std::min(shown, odd.size()); ++i) {
    names += fmt::format("{}rank {} (on {})", i == 0 ? "" : ", ", odd[i],
                         hosts[static_cast<std::size_t>(odd[i])]);
  }
  if (odd.size() > shown) names += fmt::format(" and {} more", odd.size() - shown);
  const bool all = odd.size() == digests.size();
  throw Error(
      ErrorKind::rank,
      fmt::format(
          "{}: {} other parameters than {} in {}: a memory or network there is at fault; {}", when,
          names + (odd.size() == 1 ? " holds" : " hold"), all ? "each other" : "the rest", tensor,
          advice),
      Reach::everywhere);
}

}  // namespace hourglass
