#include "formats/zip.hpp"

#include <algorithm>
#include <set>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::uint32_t end_mark = 0x06054b50;
constexpr std::uint32_t end64_mark = 0x06064b50;
constexpr std::uint32_t locator_mark = 0x07064b50;
constexpr std::uint32_t member_mark = 0x02014b50;
constexpr std::uint32_t header_mark = 0x04034b50;
constexpr Index deflate_ratio = 1032;  // of unpacked to deflated bytes, at most
constexpr std::uint64_t in_extra = 0xFFFFFFFF;

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::data, name + ": " + reason);
}

/// Reads little-endian numbers from bytes, never beyond their end.
class LittleEndianReader {
 public:
  LittleEndianReader(std::span<const std::byte> bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  [[nodiscard]] std::uint64_t number(std::size_t offset, std::size_t size) const {
    if (size > bytes_.size() || offset > bytes_.size() - size)
      refuse(name_, "its ZIP directory is truncated");
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;)
      value = value << 8 | std::to_integer<std::uint64_t>(bytes_[offset + i]);
    return value;
  }
  [[nodiscard]] Index size(std::size_t offset, std::size_t bytes) const {
    const std::uint64_t value = number(offset, bytes);
    if (value > (std::uint64_t{1} << 62))
      refuse(name_, "its ZIP directory claims impossible sizes");
    return static_cast<Index>(value);
  }
  [[nodiscard]] std::span<const std::byte> part(std::size_t offset, std::size_t size) const {
    if (size > bytes_.size() || offset > bytes_.size() - size)
      refuse(name_, "its ZIP directory is truncated");
    return bytes_.subspan(offset, size);
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& name_;
};

/// Reads the sizes that do not fit into 32 bits from the extra field of ZIP64.
void read_extra64(std::span<const std::byte> extra, ZipMember& member, const std::string& name) {
  const LittleEndianReader fields(extra, name);
  for (std::size_t place = 0; place + 4 <= extra.size();) {
    const std::uint64_t id = fields.number(place, 2);
    const std::size_t size = fields.number(place + 2, 2);
    std::size_t at = place + 4;
    place = at + size;
    if (id != 1) continue;
    for (Index* value : {&member.bytes, &member.stored_bytes, &member.header_offset}) {
      if (*value != static_cast<Index>(in_extra)) continue;
      *value = fields.size(at, 8);
      at += 8;
    }
  }
}

void check_member(const ZipMember& member, std::uint64_t flags, Index file_bytes,
                  const std::string& name) {
  const std::string where = name + ":" + member.name;
  if ((flags & 1U) != 0) refuse(where, "is encrypted");
  if (member.method != 0 && member.method != 8) {
    refuse(where, "is packed by method " + std::to_string(member.method) +
                      "; stored and deflated members can be read");
  }
  if (member.header_offset > file_bytes - zip_header_bytes || member.stored_bytes > file_bytes) {
    refuse(where, "lies beyond the end of the file: truncated");
  }
  if (member.method == 0 && member.bytes != member.stored_bytes)
    refuse(where, "its sizes contradict each other");
  if (member.bytes > (member.stored_bytes + 1) * deflate_ratio)
    refuse(where, "claims to unpack to an impossible size");
}

}  // namespace

ZipDirectory find_zip_directory(std::span<const std::byte> tail, Index file_bytes,
                                const std::string& name) {
  constexpr std::size_t end_bytes = 22;
  const LittleEndianReader fields(tail, name);
  if (tail.size() < end_bytes) refuse(name, "is not a ZIP archive, or truncated");
  std::size_t end = tail.size() - end_bytes + 1;
  do {
    if (end-- == 0)
      refuse(name, "is not a ZIP archive, or truncated: it has no directory at its end");
  } while (fields.number(end, 4) != end_mark);
  ZipDirectory directory{fields.size(end + 16, 4), fields.size(end + 12, 4)};
  if (end >= 20 && fields.number(end - 20, 4) == locator_mark) {
    const Index first = file_bytes - static_cast<Index>(tail.size());
    const Index at = fields.size(end - 12, 8) - first;
    if (at < 0 || at > static_cast<Index>(tail.size()))
      refuse(name, "its ZIP directory lies outside of the file");
    const auto record = static_cast<std::size_t>(at);
    if (fields.number(record, 4) != end64_mark) refuse(name, "its ZIP64 directory is damaged");
    directory = {fields.size(record + 48, 8), fields.size(record + 40, 8)};
  }
  if (directory.bytes > file_bytes || directory.offset > file_bytes - directory.bytes) {
    refuse(name, "its ZIP directory lies outside of the file");
  }
  return directory;
}

std::vector<ZipMember> parse_zip_directory(std::span<const std::byte> directory, Index file_bytes,
                                           const std::string& name) {
  constexpr std::size_t fixed = 46;
  const LittleEndianReader fields(directory, name);
  std::vector<ZipMember> members;
  std::set<std::string> names;
  for (std::size_t place = 0; place + fixed <= directory.size();) {
    if (fields.number(place, 4) != member_mark) break;  // a signature may follow
    ZipMember member;
    const std::uint64_t flags = fields.number(place + 8, 2);
    member.method = static_cast<int>(fields.number(place + 10, 2));
    member.checksum = static_cast<std::uint32_t>(fields.number(place + 16, 4));
    member.stored_bytes = fields.size(place + 20, 4);
    member.bytes = fields.size(place + 24, 4);
    member.header_offset = fields.size(place + 42, 4);
    const std::size_t name_bytes = fields.number(place + 28, 2);
    const std::size_t extra_bytes = fields.number(place + 30, 2);
    const std::size_t comment_bytes = fields.number(place + 32, 2);
    const auto text = fields.part(place + fixed, name_bytes);
    member.name.assign(reinterpret_cast<const char*>(text.data()), text.size());
    read_extra64(fields.part(place + fixed + name_bytes, extra_bytes), member, name);
    check_member(member, flags, file_bytes, name);
    if (!names.insert(member.name).second) refuse(name, "has two members named " + member.name);
    members.push_back(std::move(member));
    place += fixed + name_bytes + extra_bytes + comment_bytes;
  }
  return members;
}

Index zip_content_distance(std::span<const std::byte> header, const std::string& name) {
  const LittleEndianReader fields(header, name);
  if (fields.number(0, 4) != header_mark) refuse(name, "a member's header is damaged");
  return zip_header_bytes + fields.size(26, 2) + fields.size(28, 2);
}

std::vector<ZipMember> read_zip_directory(const ByteFile& file) {
  constexpr Index largest = Index{64} << 20;
  const Index tail = std::min(file.size(), zip_tail_bytes);
  const ZipDirectory directory =
      find_zip_directory(file.read_some(file.size() - tail, tail), file.size(), file.path());
  if (directory.bytes > largest) refuse(file.path(), "its ZIP directory is larger than 64 MiB");
  return parse_zip_directory(file.read_some(directory.offset, directory.bytes), file.size(),
                             file.path());
}

Index zip_content_offset(const ByteFile& file, const ZipMember& member) {
  const auto header = file.read_some(member.header_offset, zip_header_bytes);
  const Index offset = member.header_offset + zip_content_distance(header, file.path());
  if (offset > file.size() - member.stored_bytes) {
    refuse(file.path() + ":" + member.name, "lies beyond the end of the file: truncated");
  }
  return offset;
}

}  // namespace hourglass
