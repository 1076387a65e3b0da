#include "hdf5/write_driver.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "hdf5/hdf5_attributes.hpp"
#include "system/posix_file.hpp"

namespace hourglass::hdf5 {

namespace {

constexpr haddr_t largest_address = haddr_t{1} << 62;

// The library sees the first member only.
struct SafeFile {
  H5FD_t base;
  int descriptor;
  haddr_t end_allocated;
  haddr_t end_of_file;
  dev_t device;
  ino_t node;
  WriteStatus* status;
};

SafeFile* safe(H5FD_t* file) { return reinterpret_cast<SafeFile*>(file); }
const SafeFile* safe(const H5FD_t* file) { return reinterpret_cast<const SafeFile*>(file); }

void record(SafeFile* file, int error, std::size_t bytes) {
  if (file->status->error == 0) *file->status = {error, static_cast<Index>(bytes)};
}

H5FD_t* open_file_of_driver(const char* name, unsigned flags, hid_t access, haddr_t) {
  const auto* const info = static_cast<WriteStatus* const*>(H5Pget_driver_info(access));
  if (info == nullptr) return nullptr;
  int how = (flags & H5F_ACC_RDWR) != 0 ? O_RDWR : O_RDONLY;
  if ((flags & H5F_ACC_CREAT) != 0) how |= O_CREAT;
  if ((flags & H5F_ACC_TRUNC) != 0) how |= O_TRUNC;
  if ((flags & H5F_ACC_EXCL) != 0) how |= O_EXCL;
  const int descriptor = open(name, how | O_CLOEXEC, 0600);
  if (descriptor < 0) return nullptr;
  struct stat status {};
  auto* file = fstat(descriptor, &status) == 0 ? new (std::nothrow) SafeFile() : nullptr;
  if (file == nullptr) {
    close(descriptor);
    return nullptr;
  }
  file->descriptor = descriptor;
  file->end_of_file = static_cast<haddr_t>(status.st_size);
  file->device = status.st_dev;
  file->node = status.st_ino;
  file->status = *info;
  return &file->base;
}

herr_t close_file_of_driver(H5FD_t* file) {
  // Network file systems report here what they could not write.
  if (close(safe(file)->descriptor) != 0) record(safe(file), errno, 0);
  delete safe(file);
  return 0;
}

int compare(const H5FD_t* first, const H5FD_t* second) {
  const auto key = [](const SafeFile* file) { return std::pair(file->device, file->node); };
  if (key(safe(first)) == key(safe(second))) return 0;
  return key(safe(first)) < key(safe(second)) ? -1 : 1;
}

herr_t query(const H5FD_t*, unsigned long* flags) {
  // No sieve buffer: values go straight to the file, so that an error belongs to the call that
  // wrote them.
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
           H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  return 0;
}

haddr_t end_allocated(const H5FD_t* file, H5FD_mem_t) { return safe(file)->end_allocated; }

herr_t set_end_allocated(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  safe(file)->end_allocated = address;
  return 0;
}

haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t) { return safe(file)->end_of_file; }

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* buffer) {
  auto* bytes = static_cast<std::byte*>(buffer);
  while (size > 0) {
    const ssize_t count = pread(safe(file)->descriptor, bytes, size, static_cast<off_t>(address));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) {
      std::memset(bytes, 0, size);  // allocated, but not written yet
      return 0;
    }
    bytes += count;
    address += static_cast<haddr_t>(count);
    size -= static_cast<std::size_t>(count);
  }
  return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size,
             const void* buffer) {
  const auto* bytes = static_cast<const std::byte*>(buffer);
  while (size > 0 && safe(file)->status->error == 0) {
    const ssize_t count = pwrite(safe(file)->descriptor, bytes, size, static_cast<off_t>(address));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      record(safe(file), count < 0 ? errno : ENOSPC, size);
      break;
    }
    bytes += count;
    address += static_cast<haddr_t>(count);
    size -= static_cast<std::size_t>(count);
    safe(file)->end_of_file = std::max(safe(file)->end_of_file, address);
  }
  return 0;
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  SafeFile* const own = safe(file);
  if (own->status->error != 0 || own->end_allocated == own->end_of_file) return 0;
  if (ftruncate(own->descriptor, static_cast<off_t>(own->end_allocated)) != 0) {
    record(own, errno, own->end_allocated);
    return 0;
  }
  own->end_of_file = own->end_allocated;
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t driver{};
  driver.name = "hourglass-safe-write";
  driver.maxaddr = largest_address;
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.fapl_size = sizeof(void*);  // a WriteStatus*
  driver.open = open_file_of_driver;
  driver.close = close_file_of_driver;
  driver.cmp = compare;
  driver.query = query;
  driver.get_eoa = end_allocated;
  driver.set_eoa = set_end_allocated;
  driver.get_eof = end_of_file;
  driver.read = read;
  driver.write = write;
  driver.truncate = truncate;
  constexpr std::array<H5FD_mem_t, H5FD_MEM_NTYPES> kinds = H5FD_FLMAP_DICHOTOMY;
  std::copy(kinds.begin(), kinds.end(), driver.fl_map);
  return driver;
}

hid_t driver() {
  static const H5FD_class_t properties = driver_class();
  static const hid_t registered = H5FDregister(&properties);
  return registered;
}

}  // namespace

Handle safe_file_access(WriteStatus* status) {
  const Lock lock;
  Handle access = plain_file_access();
  written(H5Pset_driver(access.get(), written(driver(), "HDF5", "no file driver"),
                        static_cast<const void*>(&status)),
          "HDF5", "no file driver");
  written(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V110), "HDF5",
          "no file access properties");
  return access;
}

void throw_if_failed(const WriteStatus& status, const std::string& name) {
  if (status.error != 0) posix::throw_write_error(status.error, name, status.bytes);
}

Handle open_safely(const std::string& path, const std::string& name, bool create,
                   WriteStatus* status) {
  const Lock lock;
  const Handle access = safe_file_access(status);
  const Handle creation(written(H5Pcreate(H5P_FILE_CREATE), name, "no file creation properties"),
                        H5Pclose);
  written(H5Pset_obj_track_times(creation.get(), 0), name, "no file creation properties");
  const hid_t file = create ? H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get())
                            : H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get());
  return {written(file, name, "cannot be opened for writing"), H5Fclose};
}

void close_safely(Handle& file, const std::string& name, const WriteStatus& status) {
  const Lock lock;
  const bool closed = file.close();
  throw_if_failed(status, name);
  if (!closed) throw Error(ErrorKind::io, name + ": cannot be completed");
}

}  // namespace hourglass::hdf5
