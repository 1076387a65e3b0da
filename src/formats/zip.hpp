#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

/// A member of a ZIP archive, as its directory describes it.
struct ZipMember {
  std::string name;
  int method = 0;              ///< 0: stored; 8: deflated
  std::uint32_t checksum = 0;  ///< CRC-32 of its content
  Index stored_bytes = 0;      ///< in the archive
  Index bytes = 0;             ///< unpacked
  Index header_offset = 0;     ///< of the header before its content
};

/// The place of an archive's directory.
struct ZipDirectory {
  Index offset = 0;
  Index bytes = 0;
};

/// Bytes at the end of an archive in which find_zip_directory looks.
inline constexpr Index zip_tail_bytes = 22 + 65535 + 20 + 56;
/// Bytes of the header before a member's content, without name and extra field.
inline constexpr Index zip_header_bytes = 30;

// Pure functions over bytes; `name` names the file in messages. All throw Error(data) when
// the bytes are not a valid ZIP archive.

/// `tail` are the last bytes of the file: zip_tail_bytes, or all of it. ZIP64 is understood.
[[nodiscard]] ZipDirectory find_zip_directory(std::span<const std::byte> tail, Index file_bytes,
                                              const std::string& name);
/// Refuses names that occur twice, encryption, methods other than stored and deflated, members that
/// lie outside of the file, and sizes that no deflated content of that length can unpack to.
[[nodiscard]] std::vector<ZipMember> parse_zip_directory(std::span<const std::byte> directory,
                                                         Index file_bytes, const std::string& name);
/// Bytes from a member's header to its content; `header` are its first zip_header_bytes.
[[nodiscard]] Index zip_content_distance(std::span<const std::byte> header,
                                         const std::string& name);

/// The members of an archive, read with the three above.
[[nodiscard]] std::vector<ZipMember> read_zip_directory(const ByteFile& file);
/// Offset of a member's content. Throws Error(data) when it does not lie inside the file.
[[nodiscard]] Index zip_content_offset(const ByteFile& file, const ZipMember& member);

}  // namespace hourglass
