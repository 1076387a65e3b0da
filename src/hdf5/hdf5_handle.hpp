#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/core/types.hpp"

/// RAII over the C library, shared by the sources of this room and by checkpoint.
namespace hourglass::hdf5 {

/// Held around every HDF5 call: the library is not thread-safe. Recursive, so that helpers may take
/// it too. The first one sets the library up: no error printing, no filter plug-ins.
class Lock {
 public:
  Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

/// Owns one identifier of any kind. Closing never throws; call close() where the result matters.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Close closer) : id_(id), close_(closer) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      close();
      id_ = std::exchange(other.id_, -1);
      close_ = other.close_;
    }
    return *this;
  }
  ~Handle() { close(); }

  [[nodiscard]] hid_t get() const { return id_; }
  /// False when the library reported an error.
  bool close() noexcept;
  /// Gives the identifier up to the library, which closes it when MPI ends.
  void release() noexcept { id_ = -1; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// The innermost message of the library's error stack, which says more than the outer ones; clears
/// the stack.
[[nodiscard]] std::string take_reason();

/// Throws Error(kind) "<where>: <what> (<reason>)" when `result` is negative, else returns it.
template <class Result>
Result checked(Result result, const std::string& where, const char* what,
               ErrorKind kind = ErrorKind::data) {
  if (result < 0) throw Error(kind, where + ": " + what + " (" + take_reason() + ")");
  return result;
}

/// Opens an existing file read-only: POSIX driver, no locks; `as_source`: as the library itself
/// opens the sources of virtual data sets. Throws as DatasetReader does for files.
[[nodiscard]] Handle open_file(const std::string& file, bool as_source = false);
/// The file in which an open object lies: another than was opened when an external link led there.
[[nodiscard]] std::string file_of(hid_t object, const std::string& name);
/// Access properties of that kind; for writing too.
[[nodiscard]] Handle plain_file_access();
/// Bytes of a file, or Error(io).
[[nodiscard]] Index file_bytes(const std::string& file);

/// No honest size reaches this: products saturate here instead of overflowing.
inline constexpr Index largest_size = Index{1} << 62;
/// a * b for non-negative numbers, or largest_size.
[[nodiscard]] inline Index saturating_product(Index a, Index b) {
  Index product = 0;
  return __builtin_mul_overflow(a, b, &product) || product > largest_size ? largest_size : product;
}

/// Link access properties of class `property_class` (H5P_LINK_ACCESS or H5P_DATASET_ACCESS) under
/// which external links fail and raise `*met`.
[[nodiscard]] Handle no_external_links(hid_t property_class, bool* met);

/// Opens an object and tells what it is (H5I_DATASET, H5I_GROUP); an invalid handle when it does
/// not exist.
struct OpenedObject {
  Handle handle;
  H5I_type_t kind = H5I_BADID;
  bool external = false;  ///< an external link stood in the way
};
[[nodiscard]] OpenedObject open_object(hid_t file, const std::string& path,
                                       bool allow_external = false);

/// The element type that a stored type is read as; false when it is not a number of at most 64
/// bits.
[[nodiscard]] bool element_type_of(hid_t type, ElementType& element);
/// In words, for messages: "text", "compound", "complex numbers", "float128".
[[nodiscard]] std::string describe_type(hid_t type);
[[nodiscard]] hid_t native_type(ElementType element);  ///< in memory
[[nodiscard]] hid_t stored_type(ElementType element);  ///< in our files: little-endian

/// Names of a pipeline's filters.
[[nodiscard]] std::vector<std::string> filter_names(hid_t creation_properties);

/// Absolute paths of the data sets in a file, reached by hard links, in order of name; at most
/// `limit`.
[[nodiscard]] std::vector<std::string> list_datasets(hid_t file, std::size_t limit);
/// "it holds /a, /b, ... (12 more)", or "it holds no data sets"; nearest to `wanted` first when
/// that is not empty.
[[nodiscard]] std::string listing(hid_t file, const std::string& wanted);

}  // namespace hourglass::hdf5
