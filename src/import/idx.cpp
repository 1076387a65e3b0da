#include "import/idx.hpp"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

/// gzread also reads files that are not compressed, which is how the content decides.
class ByteStream {
 public:
  explicit ByteStream(std::string path) : path_(std::move(path)) {
    errno = 0;
    file_.reset(gzopen(path_.c_str(), "rb"));
    struct stat status {};
    if (file_ == nullptr || ::stat(path_.c_str(), &status) != 0) {
      throw Error(ErrorKind::io,
                  path_ + ": cannot be opened: " + std::strerror(errno != 0 ? errno : ENOMEM));
    }
    if (S_ISDIR(status.st_mode))
      throw Error(ErrorKind::io, path_ + ": is a folder, not an IDX file");
    if (S_ISREG(status.st_mode)) size_ = static_cast<Index>(status.st_size);
    gzbuffer(file_.get(), 1U << 18);
  }

  /// Fills as much of `bytes` as the file still has and returns that many.
  std::size_t read(std::span<std::byte> bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto wanted =
          static_cast<unsigned>(std::min<std::size_t>(bytes.size() - done, 1U << 28));
      const int got = gzread(file_.get(), bytes.data() + done, wanted);
      if (got > 0) done += static_cast<std::size_t>(got);
      if (got < static_cast<int>(wanted)) {
        refuse_errors();
        break;
      }
    }
    return done;
  }

  /// The number of bytes the file holds; nothing when it is compressed or a pipe. Valid after the
  /// first read.
  [[nodiscard]] std::optional<Index> plain_size() const {
    return gzdirect(file_.get()) == 1 ? size_ : std::optional<Index>();
  }

  /// A file that holds more than its own size tells: read twice, it gives the same.
  [[nodiscard]] bool is_compressed_file() const {
    return gzdirect(file_.get()) == 0 && size_.has_value();
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ErrorKind::data, path_ + ": " + reason);
  }

 private:
  void refuse_errors() const {
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    if (code == Z_OK || code == Z_STREAM_END) return;
    if (code == Z_ERRNO)
      throw Error(ErrorKind::io, path_ + ": cannot be read: " + std::strerror(errno));
    if (code == Z_MEM_ERROR)
      throw Error(ErrorKind::io, path_ + ": out of memory while decompressing");
    if (code == Z_BUF_ERROR)
      refuse("the gzip stream ends early: the file is truncated; fetch it again");
    refuse("corrupt gzip stream (" + std::string(text) + "); fetch the file again");
  }

  struct Close {
    void operator()(gzFile_s* file) const noexcept { gzclose_r(file); }
  };
  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::optional<Index> size_;
};

ElementType type_of(const ByteStream& stream, unsigned code) {
  switch (code) {
    case 0x08:
      return ElementType::u8;
    case 0x09:
      return ElementType::i8;
    case 0x0B:
      return ElementType::i16;
    case 0x0C:
      return ElementType::i32;
    case 0x0D:
      return ElementType::f32;
    case 0x0E:
      return ElementType::f64;
    default:
      stream.refuse("not an IDX file: unknown type code " + std::to_string(code) + " in byte 2");
  }
}

template <class Word>
void swap_words(std::span<std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(Word)) {
    Word word;
    std::memcpy(&word, bytes.data() + i, sizeof(Word));
    if constexpr (sizeof(Word) == 2) word = __builtin_bswap16(word);
    if constexpr (sizeof(Word) == 4) word = __builtin_bswap32(word);
    if constexpr (sizeof(Word) == 8) word = __builtin_bswap64(word);
    std::memcpy(bytes.data() + i, &word, sizeof(Word));
  }
}

void to_native(std::span<std::byte> bytes, Index element_size) {
  if constexpr (std::endian::native == std::endian::little) {
    if (element_size == 2) swap_words<std::uint16_t>(bytes);
    if (element_size == 4) swap_words<std::uint32_t>(bytes);
    if (element_size == 8) swap_words<std::uint64_t>(bytes);
  }
}

}  // namespace

struct IdxReader::State {
  explicit State(std::string path) : stream(std::move(path)) {
    read_header();
    if (const auto size = stream.plain_size()) check_size(*size);
    if (shape.front() == 0) check_end();
  }

  void read_header() {
    std::array<std::byte, 4> magic{};
    const std::size_t got = stream.read(magic);
    if (got == 0) stream.refuse("the file is empty");
    if (stream.is_compressed_file() &&
        (got < magic.size() || magic[0] != std::byte{0} || magic[1] != std::byte{0})) {
      stream.refuse("not an IDX file, but compressed with gzip: unpack it: gunzip < " +
                    stream.path() + " > OUT");
    }
    if (got < magic.size() || magic[0] != std::byte{0} || magic[1] != std::byte{0}) {
      stream.refuse(
          "not an IDX file: it does not begin with two zero bytes, a type code and a number of "
          "dimensions (other formats are "
          "known by the ending of their names, or named by --format)");
    }
    type = type_of(stream, std::to_integer<unsigned>(magic[2]));
    const auto dimensions = std::to_integer<std::size_t>(magic[3]);
    if (dimensions < 1 || dimensions > 32) {
      stream.refuse(std::to_string(dimensions) + " dimensions: an IDX file to import has 1 to 32");
    }
    std::vector<std::byte> words(dimensions * 4);
    if (stream.read(words) < words.size()) stream.refuse("truncated inside the header");
    for (std::size_t d = 0; d < dimensions; ++d) {
      std::uint32_t extent = 0;
      for (std::size_t i = 0; i < 4; ++i)
        extent = extent << 8 | std::to_integer<std::uint32_t>(words[d * 4 + i]);
      shape.push_back(static_cast<Index>(extent));
    }
    measure();
  }

  /// Sizes from the header, which may claim anything.
  void measure() {
    constexpr Index largest = Index{1} << 62;  // leaves room for the header
    Index bytes = size_of(type);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (d == 0) row_bytes = bytes;
      if (d > 0 && shape[d] == 0)
        stream.refuse("the header claims " + shape_text() + " elements: its rows are empty");
      if (__builtin_mul_overflow(bytes, shape[d], &bytes) || bytes > largest) {
        stream.refuse("the header claims " + shape_text() +
                      " elements, more than any file can hold");
      }
    }
    data_bytes = bytes;
    rows_left = shape.front();
  }

  void check_size(Index size) const {
    const Index expected = header_bytes() + data_bytes;
    if (size == expected) return;
    stream.refuse(std::string(size < expected ? "truncated" : "bytes after the last element") +
                  ": its header (" + shape_text() + " x " + std::string(name_of(type)) +
                  ") asks for " + std::to_string(expected) + " bytes, the file has " +
                  std::to_string(size));
  }

  void check_end() {
    std::byte extra{};
    if (stream.read({&extra, 1}) != 0) {
      stream.refuse("bytes after the last element: its header claims " + shape_text() + " x " +
                    std::string(name_of(type)) + " only");
    }
  }

  void read_rows(std::span<std::byte> bytes) {
    const Index count = static_cast<Index>(bytes.size()) / row_bytes;
    require(count * row_bytes == static_cast<Index>(bytes.size()) && count <= rows_left,
            "IDX rows beyond the end were asked for");
    if (stream.read(bytes) < bytes.size()) {
      stream.refuse("truncated: its header claims " + shape_text() + " x " +
                    std::string(name_of(type)) + ", the file ends between rows " +
                    std::to_string(shape.front() - rows_left) + " and " +
                    std::to_string(shape.front() - rows_left + count));
    }
    to_native(bytes, size_of(type));
    rows_left -= count;
    if (count > 0 && rows_left == 0) check_end();
  }

  [[nodiscard]] Index header_bytes() const { return 4 + 4 * static_cast<Index>(shape.size()); }

  [[nodiscard]] std::string shape_text() const {
    std::string text;
    for (const Index extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
    return text;
  }

  ByteStream stream;
  ElementType type = ElementType::u8;
  std::vector<Index> shape;
  Index row_bytes = 0;
  Index data_bytes = 0;
  Index rows_left = 0;
};

IdxReader::IdxReader(std::string path) : state_(std::make_unique<State>(std::move(path))) {}
IdxReader::IdxReader(IdxReader&&) noexcept = default;
IdxReader& IdxReader::operator=(IdxReader&&) noexcept = default;
IdxReader::~IdxReader() = default;

const std::string& IdxReader::path() const { return state_->stream.path(); }
ElementType IdxReader::type() const { return state_->type; }
const std::vector<Index>& IdxReader::shape() const { return state_->shape; }
Index IdxReader::row_bytes() const { return state_->row_bytes; }
Index IdxReader::rows_left() const { return state_->rows_left; }
bool IdxReader::is_verified() const { return !state_->stream.is_compressed_file(); }
void IdxReader::read_rows(std::span<std::byte> bytes) { state_->read_rows(bytes); }

}  // namespace hourglass
