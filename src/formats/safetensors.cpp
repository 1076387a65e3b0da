#include "formats/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string_view>

#include "core/edit_distance.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index length_bytes = 8;
constexpr std::size_t most_dimensions = 32;

[[noreturn]] void refuse(const std::string& file, const std::string& reason) {
  throw Error(ErrorKind::data, file + ": " + reason);
}

struct NamedType {
  std::string_view name;
  Index bytes;
  bool readable;
  ElementType type;
  NarrowFloat narrow = NarrowFloat::none;
};

constexpr std::array types = {
    NamedType{"F32", 4, true, ElementType::f32},
    NamedType{"F16", 2, true, ElementType::f32, NarrowFloat::float16},
    NamedType{"BF16", 2, true, ElementType::f32, NarrowFloat::bfloat16},
    NamedType{"F64", 8, true, ElementType::f64},
    NamedType{"U8", 1, true, ElementType::u8},
    NamedType{"I8", 1, true, ElementType::i8},
    NamedType{"U16", 2, true, ElementType::u16},
    NamedType{"I16", 2, true, ElementType::i16},
    NamedType{"U32", 4, true, ElementType::u32},
    NamedType{"I32", 4, true, ElementType::i32},
    NamedType{"U64", 8, true, ElementType::u64},
    NamedType{"I64", 8, true, ElementType::i64},
    NamedType{"BOOL", 1, true, ElementType::u8},
    NamedType{"F8_E4M3", 1, false, ElementType::u8},
    NamedType{"F8_E5M2", 1, false, ElementType::u8},
    NamedType{"F8_E8M0", 1, false, ElementType::u8},
    NamedType{"C64", 8, false, ElementType::f32},
};

struct RawEntry {
  std::string name;
  std::string dtype;
  std::vector<Index> shape;
  std::vector<Index> offsets;
  bool has_dtype = false;
  bool has_shape = false;
  bool has_offsets = false;
};

/// Takes the events of the JSON parser. What may come where: names with an object each; in that of
/// "__metadata__" texts, in others the three fields.
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<RawEntry> entries;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string problem;  ///< why it is not a header

  bool null() override { return stop("holds null"); }
  bool boolean(bool /*value*/) override { return stop("holds a boolean"); }
  bool number_integer(number_integer_t /*value*/) override {
    return stop("holds a negative number");
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return stop("holds the number " + text.substr(0, 40));
  }
  bool binary(binary_t& /*value*/) override { return stop("holds binary values"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (list_ == nullptr) return stop("holds a number outside of a list");
    if (value > static_cast<number_unsigned_t>(std::numeric_limits<Index>::max() / 2))
      return stop("claims " + std::to_string(value) + " elements or bytes");
    if (list_->size() >= most_dimensions) return stop("holds a list of more than 32 numbers");
    list_->push_back(static_cast<Index>(value));
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ != 2 || list_ != nullptr) return stop("holds a text where none may be");
    if (in_metadata_) {
      metadata.emplace_back(key_, value);
      return true;
    }
    if (key_ != "dtype") return stop("has a text as " + key_.substr(0, 40));
    if (entries.back().has_dtype) return stop("says the dtype of a tensor twice");
    entries.back().dtype = value;
    entries.back().has_dtype = true;
    return true;
  }
  bool start_object(std::size_t /*elements*/) override {
    if (list_ != nullptr || depth_ > 1) return stop("has an object inside of a tensor's");
    if (++depth_ < 2) return true;
    in_metadata_ = key_ == "__metadata__";
    if (!names_.insert(key_).second) return stop("names '" + key_.substr(0, 40) + "' twice");
    if (!in_metadata_) entries.push_back({key_, "", {}, {}});
    return true;
  }
  bool key(string_t& value) override {
    key_ = value;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t /*elements*/) override {
    if (depth_ != 2 || list_ != nullptr || in_metadata_)
      return stop("holds a list where none may be");
    RawEntry& entry = entries.back();
    if (key_ != "shape" && key_ != "data_offsets")
      return stop("has a list as " + key_.substr(0, 40));
    bool& seen = key_ == "shape" ? entry.has_shape : entry.has_offsets;
    if (seen) return stop("says the " + key_ + " of a tensor twice");
    seen = true;
    list_ = key_ == "shape" ? &entry.shape : &entry.offsets;
    return true;
  }
  bool end_array() override {
    list_ = nullptr;
    return true;
  }
  bool parse_error(std::size_t place, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return stop("is not JSON near byte " + std::to_string(place + length_bytes));
  }

 private:
  bool stop(std::string reason) {
    if (problem.empty()) problem = std::move(reason);
    return false;
  }

  int depth_ = 0;
  bool in_metadata_ = false;
  std::string key_;
  std::set<std::string> names_;
  std::vector<Index>* list_ = nullptr;
};

SafetensorsEntry checked_entry(const RawEntry& raw, Index data_begin, const std::string& file) {
  const std::string tensor = "tensor '" + raw.name.substr(0, 80) + "' ";
  if (!raw.has_dtype || !raw.has_shape || !raw.has_offsets || raw.offsets.size() != 2)
    refuse(file, tensor + "lacks its dtype, its shape or its two data_offsets");
  const auto* const type = std::ranges::find(types, raw.dtype, &NamedType::name);
  if (type == types.end())
    refuse(file, tensor + "is of the unknown type '" + raw.dtype.substr(0, 40) + "'");
  SafetensorsEntry entry{raw.name, raw.dtype, type->readable, {}};
  entry.format.shape = raw.shape;
  entry.format.type = type->type;
  entry.format.narrow = type->narrow;
  entry.format.swapped =
      std::endian::native != std::endian::little && entry.format.stored_size() > 1;
  entry.format.data_offset = data_begin + raw.offsets[0];
  const Index wanted = checked_bytes(raw.shape, type->bytes);
  if (wanted < 0 || raw.offsets[1] - raw.offsets[0] != wanted) {
    refuse(file, fmt::format("{}has offsets {} to {}, but {} numbers of type {} take {} bytes",
                             tensor, raw.offsets[0], raw.offsets[1], shape_text(raw.shape),
                             raw.dtype, wanted < 0 ? "too many" : std::to_string(wanted)));
  }
  return entry;
}

// Offsets in order: each begins where the one before ends, and the last ends with the file.
void check_places(std::vector<RawEntry>& raw, Index data_bytes, const std::string& file) {
  std::ranges::stable_sort(raw, {}, [](const RawEntry& entry) { return entry.offsets; });
  Index end = 0;
  for (const RawEntry& entry : raw) {
    const Index begin = entry.offsets[0];
    if (begin != end) {
      refuse(file, fmt::format("{} tensor '{}': its offsets begin at {}, those before it end at {}",
                               begin < end ? "overlaps at" : "has unused bytes before",
                               entry.name.substr(0, 80), begin, end));
    }
    end = entry.offsets[1];
  }
  if (end > data_bytes) {
    refuse(file, fmt::format("is truncated: its header asks for {} bytes of tensors, {} are there",
                             end, data_bytes));
  }
  if (end < data_bytes) {
    refuse(file, fmt::format("has bytes after the last tensor: its header asks for {} bytes, {} "
                             "are there",
                             end, data_bytes));
  }
}

std::string listing(const SafetensorsHeader& header, const std::string& wanted) {
  constexpr std::size_t shown = 10;
  std::vector<std::string> names;
  for (const SafetensorsEntry& entry : header.tensors) names.push_back(entry.name);
  if (names.empty()) return "it holds no tensors";
  if (!wanted.empty()) {
    std::ranges::stable_sort(names, {}, [&](const std::string& name) {
      return edit_distance(wanted.substr(0, 80), name.substr(0, 80));
    });
  }
  const std::size_t count = std::min(shown, names.size());
  std::string text = fmt::format("it holds {}", fmt::join(std::span(names).first(count), ", "));
  if (names.size() > count) text += fmt::format(" and {} more", names.size() - count);
  return text;
}

}  // namespace

const SafetensorsEntry* SafetensorsHeader::find(const std::string& name) const {
  const auto found = std::ranges::find(tensors, name, &SafetensorsEntry::name);
  return found == tensors.end() ? nullptr : &*found;
}

SafetensorsHeader read_safetensors(const ByteFile& file) {
  const std::string& path = file.path();
  const auto first = file.read_some(0, length_bytes + 1);
  if (first.empty()) refuse(path, "the file is empty");
  if (static_cast<Index>(first.size()) <= length_bytes) refuse(path, "is truncated in its header");
  std::uint64_t claimed = 0;
  for (std::size_t i = length_bytes; i-- > 0;)
    claimed = claimed << 8 | std::to_integer<std::uint64_t>(first[i]);
  if (first.back() != std::byte{'{'}) refuse(path, "is not a safetensors file");
  if (claimed > static_cast<std::uint64_t>(largest_safetensors_header)) {
    refuse(path, fmt::format("its header claims to be {} bytes long; the format allows {}", claimed,
                             largest_safetensors_header));
  }
  const auto length = static_cast<Index>(claimed);
  if (file.size() - length_bytes < length) refuse(path, "is truncated in its header");
  const auto bytes = file.read_some(length_bytes, length);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &handler) || !handler.problem.empty())
    refuse(path, "its header " + handler.problem);
  const Index data_begin = length_bytes + length;
  // Each by itself before their places are compared.
  for (const RawEntry& raw : handler.entries)
    static_cast<void>(checked_entry(raw, data_begin, path));
  check_places(handler.entries, file.size() - data_begin, path);
  SafetensorsHeader header;
  header.metadata = std::move(handler.metadata);
  for (const RawEntry& raw : handler.entries)
    header.tensors.push_back(checked_entry(raw, data_begin, path));
  return header;
}

ArrayFormat tensor_format(const SafetensorsHeader& header, const std::string& file,
                          const std::string& name) {
  const SafetensorsEntry* entry = name.empty() ? nullptr : header.find(name);
  if (name.empty() && header.tensors.size() == 1) entry = &header.tensors.front();
  if (entry == nullptr) {
    if (name.empty() && !header.tensors.empty()) {
      refuse(file, fmt::format("{}; name one: {}:/{}", listing(header, ""), file,
                               header.tensors.front().name));
    }
    refuse(file, fmt::format("has no tensor '{}'; {}", name, listing(header, name)));
  }
  if (!entry->readable) {
    refuse(file, fmt::format("tensor '{}' holds {}, which cannot be read; integers, F16, BF16, F32 "
                             "and F64 can",
                             entry->name, entry->dtype));
  }
  const std::vector<Index>& shape = entry->format.shape;
  if (shape.empty())
    refuse(file, fmt::format("tensor '{}' is a single value, not a table of samples", entry->name));
  if (std::find(shape.begin() + 1, shape.end(), Index{0}) != shape.end())
    refuse(file, fmt::format("the rows of tensor '{}' have no features", entry->name));
  return entry->format;
}

}  // namespace hourglass
