#include "hdf5/hdf5_handle.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "hdf5/lzf_filter.hpp"
#include "hdf5/unreadable_file.hpp"
#include "system/file_kind.hpp"

namespace hourglass::hdf5 {

namespace {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

void set_up_library() {
  // Sources of virtual data sets are opened by the library itself, with locks unless this says
  // otherwise; the library keeps files apart that are opened with locks and without.
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  // A data file must not make us load code that lies somewhere on the machine.
  H5PLset_loading_state(0);
  register_lzf_filter();
}

herr_t keep_innermost(unsigned position, const H5E_error2_t* error, void* text) {
  if (position == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

herr_t refuse_external_link(const char*, const char*, const char*, const char*, unsigned*, hid_t,
                            void* met) {
  *static_cast<bool*>(met) = true;
  return -1;
}

// "F.h5/train/samples" is a common slip for "F.h5:/train/samples".
std::string advice_for_missing_colon(const std::string& file) {
  for (std::size_t slash = file.rfind('/'); slash != std::string::npos && slash > 0;
       slash = file.rfind('/', slash - 1)) {
    std::error_code ignored;
    const std::string prefix = file.substr(0, slash);
    if (std::filesystem::is_regular_file(prefix, ignored))
      return "; did you mean " + prefix + ":" + file.substr(slash) + "?";
  }
  return "";
}

// So is "F.h5:train/samples". "F.npz:name" is a source of an import: Error(data).
std::string advice_for_missing_slash(const std::string& file) {
  const std::size_t colon = file.rfind(':');
  if (colon == std::string::npos) return "";
  const std::string path = file.substr(colon + 1);
  std::error_code ignored;
  // With a slash, or with nothing behind the colon, another letter is wrong.
  if (path.empty() || path.front() == '/' ||
      !std::filesystem::is_regular_file(file.substr(0, colon), ignored))
    return "";
  if (hdf5_superblock(file.substr(0, colon)) < 0) refuse_other_format(file.substr(0, colon));
  return "; did you mean " + file.substr(0, colon) + ":/" + path + "?";
}

// The system's own errors first: HDF5 reports all of them as "unable to open file".
void require_regular_file(const std::string& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    const int code = errno;
    if (code == ENOENT)
      throw Error(ErrorKind::io, file + ": no such file" + advice_for_missing_slash(file));
    if (code == EACCES) throw Error(ErrorKind::io, file + ": permission denied");
    const std::string advice = code == ENOTDIR ? advice_for_missing_colon(file) : "";
    throw Error(ErrorKind::io, file + ": cannot be opened: " + std::strerror(code) + advice);
  }
  struct stat status {};
  const bool known = fstat(descriptor, &status) == 0;
  close(descriptor);
  if (!known) throw Error(ErrorKind::io, file + ": cannot be examined");
  if (S_ISDIR(status.st_mode))
    throw Error(ErrorKind::io, file + ": is a folder; name an HDF5 file in it");
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorKind::io, file + ": is not a regular file; copy the data to one");
  if (status.st_size == 0)
    throw Error(ErrorKind::data, file + ": is empty (0 bytes), not an HDF5 file");
}

}  // namespace

Lock::Lock() : lock_(library_mutex()) {
  static const bool ready = (set_up_library(), true);
  static_cast<void>(ready);
}

bool Handle::close() noexcept {
  if (id_ < 0) return true;
  const Lock lock;
  const hid_t id = std::exchange(id_, -1);
  if (close_(id) >= 0) return true;
  H5Eclear2(H5E_DEFAULT);
  return false;
}

std::string take_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &reason);
  H5Eclear2(H5E_DEFAULT);
  for (char& letter : reason) {
    if (static_cast<unsigned char>(letter) < ' ') letter = ' ';
  }
  return reason.empty() ? "HDF5 gives no reason" : reason;
}

std::string file_of(hid_t object, const std::string& name) {
  const Lock lock;
  const ssize_t length = checked(H5Fget_name(object, nullptr, 0), name, "its file cannot be named");
  std::string file(static_cast<std::size_t>(length), '\0');
  checked(H5Fget_name(object, file.data(), file.size() + 1), name, "its file cannot be named");
  return file;
}

Index file_bytes(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0)
    throw Error(ErrorKind::io, file + ": " + std::strerror(errno));
  return static_cast<Index>(status.st_size);
}

Handle plain_file_access() {
  const Lock lock;
  Handle access(
      checked(H5Pcreate(H5P_FILE_ACCESS), "HDF5", "no file access properties", ErrorKind::io),
      H5Pclose);
  checked(H5Pset_fapl_sec2(access.get()), "HDF5", "no POSIX driver", ErrorKind::io);
  // Locks would keep readers and writers of one file apart, and fail on many cluster file systems.
  checked(H5Pset_file_locking(access.get(), 0, 1), "HDF5", "cannot switch file locks off",
          ErrorKind::io);
  checked(H5Pset_fclose_degree(access.get(), H5F_CLOSE_WEAK), "HDF5", "no file access properties",
          ErrorKind::io);
  return access;
}

Handle open_file(const std::string& file, bool as_source) {
  require_regular_file(file);
  const Lock lock;
  if (H5Fis_hdf5(file.c_str()) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    refuse_other_format(file);
  }
  const Handle access = as_source ? Handle() : plain_file_access();
  Handle handle(H5Fopen(file.c_str(), H5F_ACC_RDONLY, as_source ? H5P_DEFAULT : access.get()),
                H5Fclose);
  if (handle.get() >= 0) return handle;
  refuse_unopened(file, take_reason());
}

Handle no_external_links(hid_t property_class, bool* met) {
  const Lock lock;
  Handle access(checked(H5Pcreate(property_class), "HDF5", "no link access properties"), H5Pclose);
  checked(H5Pset_elink_cb(access.get(), refuse_external_link, met), "HDF5",
          "cannot refuse external links");
  return access;
}

OpenedObject open_object(hid_t file, const std::string& path, bool allow_external) {
  const Lock lock;
  OpenedObject object;
  const Handle access =
      allow_external ? Handle() : no_external_links(H5P_LINK_ACCESS, &object.external);
  object.handle =
      Handle(H5Oopen(file, path.c_str(), allow_external ? H5P_DEFAULT : access.get()), H5Oclose);
  if (object.handle.get() < 0) {
    H5Eclear2(H5E_DEFAULT);
  } else {
    object.kind = H5Iget_type(object.handle.get());
  }
  return object;
}

}  // namespace hourglass::hdf5
