#include "hdf5/text_elements.hpp"

#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

// What is read is small; damage must not ask for all of the memory.
constexpr Index most_bytes = Index{1} << 30;
constexpr Index most_texts = Index{1} << 24;

}  // namespace

std::vector<std::string> read_text_elements(hid_t type, hid_t space, const std::string& name,
                                            FunctionRef<herr_t(hid_t memory, void* values)> read) {
  const auto count = static_cast<Index>(H5Sget_simple_extent_npoints(space));
  const bool variable = H5Tis_variable_str(type) > 0;
  const auto size = static_cast<Index>(variable ? sizeof(char*) : H5Tget_size(type));
  if (count < 0 || count > most_texts || saturating_product(count, size) > most_bytes)
    throw Error(ErrorKind::data, name + ": holds more than 1 GiB or 2^24 pieces of text");
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(count));
  if (count == 0) return texts;
  if (!variable) {
    std::vector<char> bytes(static_cast<std::size_t>(count * size));
    checked(read(type, bytes.data()), name, "its text cannot be read");
    for (Index i = 0; i < count; ++i) {
      const char* const begin = bytes.data() + i * size;
      texts.emplace_back(begin, strnlen(begin, static_cast<std::size_t>(size)));
    }
    return texts;
  }
  std::vector<char*> pointers(static_cast<std::size_t>(count), nullptr);
  checked(read(type, pointers.data()), name, "its text cannot be read");
  for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
  return texts;
}

}  // namespace hourglass::hdf5
