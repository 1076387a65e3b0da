#include "formats/npy.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

/// The Python literal of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  ArrayFormat parse() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr") {
        read_type();
      } else if (key == "fortran_order") {
        fortran_ = word() == "True";
      } else if (key == "shape") {
        read_shape();
      } else {
        refuse("its header has an unknown key '" + std::string(key.substr(0, 40)) + "'");
      }
      if (!accept(',') && !at('}')) malformed();
    }
    if (!has_type_ || !has_shape_) malformed();
    check();
    return format_;
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ErrorKind::data, name_ + ": " + reason);
  }
  [[noreturn]] void malformed() const {
    refuse("its NPY header is malformed near byte " + std::to_string(place_));
  }

  void skip_blanks() {
    while (place_ < text_.size() && (text_[place_] == ' ' || text_[place_] == '\n')) ++place_;
  }
  bool at(char wanted) {
    skip_blanks();
    return place_ < text_.size() && text_[place_] == wanted;
  }
  bool accept(char wanted) {
    if (!at(wanted)) return false;
    ++place_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) malformed();
  }
  std::string_view quoted() {
    skip_blanks();
    if (place_ >= text_.size() || (text_[place_] != '\'' && text_[place_] != '"')) malformed();
    const std::size_t end = text_.find(text_[place_], place_ + 1);
    if (end == std::string_view::npos) malformed();
    const std::string_view inside = text_.substr(place_ + 1, end - place_ - 1);
    place_ = end + 1;
    return inside;
  }
  std::string_view word() {
    skip_blanks();
    const std::size_t begin = place_;
    while (place_ < text_.size() && text_[place_] >= 'A' && text_[place_] <= 'z') ++place_;
    if (begin == place_) malformed();
    return text_.substr(begin, place_ - begin);
  }

  void read_type() {
    if (at('[')) refuse("holds structures (a record array), not numbers; save one field of it");
    const std::string_view text = quoted();
    ArrayFormat format;
    has_type_ = true;
    if (!read_number_format(text, format)) {
      if (text.find('O') != std::string_view::npos) {
        refuse(
            "holds pickled Python objects, which are refused: reading them would run code; save "
            "numbers: numpy.save(path, "
            "array.astype(numpy.float32))");
      }
      if (text == "|V2" || text == "<V2") {
        refuse(
            "holds 2 bytes per element without a number type ('|V2'), as NumPy saves bfloat16: "
            "save it as safetensors, or in HDF5 as uint16 with the attribute dtype = "
            "\"bfloat16\"");
      }
      refuse(
          "holds '" + std::string(text.substr(0, 40)) +
          "', which cannot be read; integers of up to 64 bits and float16, float32, float64 can");
    }
    format.shape = std::move(format_.shape);
    format_ = std::move(format);
  }

  void read_shape() {
    constexpr std::size_t most_dimensions = 32;
    expect('(');
    has_shape_ = true;
    while (!accept(')')) {
      skip_blanks();
      Index extent = 0;
      const char* begin = text_.data() + place_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (error == std::errc::result_out_of_range) refuse("its header claims an impossible shape");
      if (error != std::errc{}) malformed();
      if (extent < 0)
        refuse("its header claims a negative shape, " + std::to_string(extent) + " elements");
      place_ += static_cast<std::size_t>(end - begin);
      if (place_ < text_.size() && text_[place_] == 'L') ++place_;  // written by Python 2
      format_.shape.push_back(extent);
      if (format_.shape.size() > most_dimensions) refuse("has more than 32 dimensions");
      if (!accept(',') && !at(')')) malformed();
    }
  }

  void check() const {
    const auto& shape = format_.shape;
    if (shape.empty()) refuse("is a single value, not a table of samples");
    if (std::find(shape.begin() + 1, shape.end(), Index{0}) != shape.end()) {
      refuse("its rows have no features (a dimension is 0)");
    }
    // An array without rows has rows of a size all the same.
    if (checked_bytes({shape.begin() + 1, shape.end()}, 8) < 0 || checked_bytes(shape, 8) < 0)
      refuse("its header claims " + shape_text(shape) + " elements, more than any file can hold");
    if (fortran_ && shape.size() > 1) {
      refuse(
          "is stored in Fortran order, so its samples are not contiguous; save "
          "numpy.ascontiguousarray(array)");
    }
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t place_ = 0;
  ArrayFormat format_;
  bool fortran_ = false;
  bool has_type_ = false;
  bool has_shape_ = false;
};

}  // namespace

ArrayFormat parse_npy_header(std::span<const std::byte> bytes, const std::string& name) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ErrorKind::data, name + ": " + reason);
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) refuse("the file is empty");
  if (!text.starts_with(magic)) refuse("is not an NPY file");
  if (text.size() < magic.size() + 4) refuse("is truncated in its header");
  const int major = std::to_integer<int>(bytes[magic.size()]);
  if (major < 1 || major > 3)
    refuse("is of NPY version " + std::to_string(major) + "; versions 1 to 3 can be read");
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t begin = magic.size() + 2 + length_bytes;
  if (text.size() < begin) refuse("is truncated in its header");
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;)
    length = length << 8 | std::to_integer<std::size_t>(bytes[magic.size() + 2 + i]);
  if (static_cast<Index>(length) > largest_npy_header)
    refuse("its header claims to be " + std::to_string(length) + " bytes long");
  if (text.size() - begin < length) refuse("is truncated in its header");
  ArrayFormat format = HeaderParser(text.substr(begin, length), name).parse();
  format.data_offset = static_cast<Index>(begin + length);
  return format;
}

}  // namespace hourglass
