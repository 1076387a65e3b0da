#include "import/array_rows.hpp"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "formats/safetensors.hpp"
#include "formats/zip.hpp"
#include "hourglass/core/error.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::data, name + ": " + reason);
}

/// Rows at their places in a file.
class PlacedRows final : public RowReader {
 public:
  PlacedRows(ByteFile file, std::string name, ArrayFormat format)
      : file_(std::move(file)),
        name_(std::move(name)),
        format_(std::move(format)),
        stored_bytes_(format_.stored_row_bytes()) {}

  [[nodiscard]] const std::string& path() const override { return name_; }
  [[nodiscard]] ElementType type() const override { return format_.type; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return format_.shape; }
  [[nodiscard]] std::vector<std::string> files() const override { return {file_.path()}; }

  void read_rows(Range rows, std::span<std::byte> bytes) override {
    const Index position = format_.data_offset + rows.begin * stored_bytes_;
    if (format_.narrow == NarrowFloat::none) {
      file_.read(position, bytes);
      to_native(format_, bytes, bytes);
      return;
    }
    stored_.resize(static_cast<std::size_t>(rows.size() * stored_bytes_));
    file_.read(position, stored_);
    to_native(format_, stored_, bytes);
  }

 private:
  ByteFile file_;
  std::string name_;
  ArrayFormat format_;
  Index stored_bytes_;
  std::vector<std::byte> stored_;
};

/// A member of an archive, deflated or stored, from its beginning to its end.
class MemberStream {
 public:
  MemberStream(const ByteFile& file, const ZipMember& member, std::string name)
      : file_(file),
        name_(std::move(name)),
        place_(zip_content_offset(file, member)),
        left_(member.stored_bytes),
        packed_(member.method != 0) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK)
      throw Error(ErrorKind::io, name_ + ": out of memory while unpacking");
  }
  MemberStream(const MemberStream&) = delete;
  MemberStream& operator=(const MemberStream&) = delete;
  ~MemberStream() { inflateEnd(&stream_); }

  /// Fills as much of `bytes` as there still is.
  std::size_t read(std::span<std::byte> bytes) {
    const std::size_t count = packed_ ? unpack(bytes) : copy(bytes);
    checksum_ = crc32_z(checksum_, reinterpret_cast<const Bytef*>(bytes.data()), count);
    return count;
  }
  [[nodiscard]] std::uint32_t checksum() const { return static_cast<std::uint32_t>(checksum_); }

 private:
  std::size_t copy(std::span<std::byte> bytes) {
    const auto part =
        bytes.first(static_cast<std::size_t>(std::min(left_, static_cast<Index>(bytes.size()))));
    file_.read(place_, part);
    place_ += static_cast<Index>(part.size());
    left_ -= static_cast<Index>(part.size());
    return part.size();
  }
  std::size_t unpack(std::span<std::byte> bytes) {
    std::size_t done = 0;
    while (done < bytes.size() && !ended_) {
      if (stream_.avail_in == 0) refill();
      const auto room = static_cast<uInt>(std::min<std::size_t>(bytes.size() - done, 1U << 30));
      stream_.next_out = reinterpret_cast<Bytef*>(bytes.data() + done);
      stream_.avail_out = room;
      const bool starved = stream_.avail_in == 0;
      const int code = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t got = room - stream_.avail_out;
      done += got;
      ended_ = code == Z_STREAM_END;
      if (code == Z_MEM_ERROR)
        throw Error(ErrorKind::io, name_ + ": out of memory while unpacking");
      if (!ended_ && (code != Z_OK || (starved && got == 0)))
        refuse(name_, "its compressed content is damaged or truncated");
    }
    return done;
  }
  void refill() {
    input_ = file_.read_some(place_, std::min<Index>(left_, 1 << 18));
    place_ += static_cast<Index>(input_.size());
    left_ -= static_cast<Index>(input_.size());
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(input_.size());
  }

  const ByteFile& file_;
  std::string name_;
  Index place_;
  Index left_;
  bool packed_;
  std::vector<std::byte> input_;
  z_stream stream_{};
  uLong checksum_ = 0;
  bool ended_ = false;
};

/// The rows of an array in an archive: from the first on, by one rank, since the archive's checksum
/// is over all of them.
class ArchivedRows final : public RowReader {
 public:
  ArchivedRows(ByteFile file, ZipMember member, std::string name)
      : file_(std::make_unique<ByteFile>(std::move(file))),
        member_(std::move(member)),
        name_(std::move(name)) {
    // The header is looked for in a stream of its own, so that the rows can begin at its end
    // whatever its length.
    std::vector<std::byte> beginning(
        static_cast<std::size_t>(std::min<Index>(member_.bytes, largest_npy_header + 12)));
    beginning.resize(MemberStream(*file_, member_, name_).read(beginning));
    format_ = parse_npy_header(beginning, name_);
    check_size(format_, member_.bytes, name_);
  }

  [[nodiscard]] const std::string& path() const override { return name_; }
  [[nodiscard]] ElementType type() const override { return format_.type; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return format_.shape; }
  [[nodiscard]] Range part(Index rank, Index /*ranks*/) const override {
    return {0, rank == 0 ? rows() : 0};
  }
  [[nodiscard]] std::vector<std::string> files() const override { return {file_->path()}; }

  void read_rows(Range rows, std::span<std::byte> bytes) override {
    if (rows.empty()) return;
    if (rows.begin == 0) start();
    require(rows.begin == next_row_, "archived rows are read in order");
    stored_.resize(static_cast<std::size_t>(rows.size() * format_.stored_row_bytes()));
    const auto stored = format_.narrow != NarrowFloat::none ? std::span<std::byte>(stored_) : bytes;
    if (stream_->read(stored) < stored.size()) {
      refuse(name_, "is truncated: it ends between rows " + std::to_string(rows.begin) + " and " +
                        std::to_string(rows.end));
    }
    to_native(format_, stored, bytes);
    next_row_ = rows.end;
    if (next_row_ == this->rows()) finish();
  }

  void skip_rows(Range rows) override { read_and_drop(rows); }

 private:
  void start() {
    stream_ = std::make_unique<MemberStream>(*file_, member_, name_);
    std::vector<std::byte> header(static_cast<std::size_t>(format_.data_offset));
    if (stream_->read(header) < header.size()) refuse(name_, "is truncated in its header");
    next_row_ = 0;
  }
  void finish() {
    std::byte extra{};
    if (stream_->read({&extra, 1}) != 0) refuse(name_, "has bytes after the last number");
    if (stream_->checksum() != member_.checksum)
      refuse(name_, "is damaged: its checksum is wrong; copy it again");
  }

  std::unique_ptr<ByteFile> file_;
  ZipMember member_;
  std::string name_;
  ArrayFormat format_;
  std::unique_ptr<MemberStream> stream_;
  Index next_row_ = 0;
  std::vector<std::byte> stored_;
};

ZipMember find_array(const std::vector<ZipMember>& members, const std::string& path,
                     const std::string& array) {
  std::string names;
  std::vector<ZipMember> arrays;
  for (const ZipMember& member : members) {
    if (!member.name.ends_with(".npy")) continue;
    const std::string name = member.name.substr(0, member.name.size() - 4);
    if (name == array) return member;
    names += (names.empty() ? "" : ", ") + name;
    arrays.push_back(member);
  }
  if (arrays.empty()) refuse(path, "holds no arrays");
  if (array.empty() && arrays.size() == 1) return arrays.front();
  if (array.empty())
    refuse(path, "holds several arrays: " + names + "; name one: " + path + ":NAME");
  refuse(path, "has no array '" + array + "'; it holds " + names);
}

}  // namespace

std::unique_ptr<RowReader> open_npy(const std::string& path) {
  ByteFile file(path);
  ArrayFormat format = parse_npy_header(file.read_some(0, largest_npy_header + 12), path);
  check_size(format, file.size(), path);
  return std::make_unique<PlacedRows>(std::move(file), path, std::move(format));
}

std::unique_ptr<RowReader> open_safetensors(const std::string& path, const std::string& tensor) {
  ByteFile file(path);
  ArrayFormat format = tensor_format(read_safetensors(file), path, tensor);
  const std::string name = tensor.empty() ? path : path + ":" + tensor;
  return std::make_unique<PlacedRows>(std::move(file), name, std::move(format));
}

std::unique_ptr<RowReader> open_npz(const std::string& path, const std::string& array) {
  ByteFile file(path);
  ZipMember member = find_array(read_zip_directory(file), path, array);
  std::string name = path + ":" + member.name.substr(0, member.name.size() - 4);
  return std::make_unique<ArchivedRows>(std::move(file), std::move(member), std::move(name));
}

std::unique_ptr<RowReader> open_raw(const std::string& path, const RawFormat& raw) {
  ByteFile file(path);
  ArrayFormat format = raw.number;
  format.data_offset = raw.skip_bytes;
  const Index row = checked_bytes(raw.sample_shape, format.stored_size());
  if (row < 1) throw Error(ErrorKind::usage, "--shape claims samples of an impossible size");
  const Index held = file.size() - raw.skip_bytes;
  if (held < 0)
    refuse(path, "has " + std::to_string(file.size()) + " bytes, fewer than --skip-bytes says");
  if (held % row != 0 && !raw.rows) {
    refuse(path, "is truncated, or --shape or --type is wrong: " + std::to_string(held) +
                     " bytes are " + std::to_string(held / row) + " samples of " +
                     std::to_string(row) + " bytes and " + std::to_string(held % row) +
                     " bytes more");
  }
  format.shape = raw.sample_shape;
  format.shape.insert(format.shape.begin(), raw.rows.value_or(held / row));
  if (format.shape.front() > held / row) {
    refuse(path, "is truncated: --rows asks for " + std::to_string(format.shape.front()) +
                     " samples, it holds " + std::to_string(held / row));
  }
  return std::make_unique<PlacedRows>(std::move(file), path, std::move(format));
}

}  // namespace hourglass
