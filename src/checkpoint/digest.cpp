#include "checkpoint/digest.hpp"

#include <xxhash.h>

#include <algorithm>

#include "core/text_digest.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

XXH128_hash_t key_of(const StoredTensor& tensor) {
  std::string text = tensor.name;
  for (const Index size : tensor.shape) text += "\n" + std::to_string(size);
  return XXH3_128bits(text.data(), text.size());
}

}  // namespace

void ArenaDigest::add(const StoredTensor& tensor, Index begin, std::span<const float> values) {
  const Index end = begin + static_cast<Index>(values.size());
  require(begin % cell_floats == 0 && (end % cell_floats == 0 || end == tensor.size),
          "a digest over part of a cell");
  const XXH128_hash_t key = key_of(tensor);
  for (Index at = begin; at < end; at += cell_floats) {
    const auto count = static_cast<std::size_t>(std::min(cell_floats, end - at));
    const XXH128_hash_t cell = XXH3_128bits(values.data() + (at - begin), count * sizeof(float));
    // Without its place in the digest, two cells could be exchanged unseen.
    const std::array<std::uint64_t, 5> placed = {cell.low64, cell.high64, key.low64, key.high64,
                                                 static_cast<std::uint64_t>(at / cell_floats)};
    const XXH128_hash_t hash = XXH3_128bits(placed.data(), sizeof placed);
    words_[0] += hash.low64;
    words_[1] += hash.high64;
  }
}

std::string ArenaDigest::hex() const {
  return text_digest({reinterpret_cast<const char*>(words_.data()), sizeof words_});
}

std::string weights_digest(std::span<const StoredTensor> tensors, std::span<const float> arena) {
  ArenaDigest digest;
  for (const StoredTensor& tensor : tensors) {
    require(tensor.offset >= 0 && tensor.offset + tensor.size <= static_cast<Index>(arena.size()),
            "a tensor outside its arena");
    digest.add(tensor, 0,
               arena.subspan(static_cast<std::size_t>(tensor.offset),
                             static_cast<std::size_t>(tensor.size)));
  }
  return digest.hex();
}

}  // namespace hourglass
