#include "system/atomic_file.hpp"

#include <fstream>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "hourglass/core/error.hpp"
#include "system/kernel_lock.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view mark = ".tmp.";

std::string resolved(const std::string& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return path;
  const fs::path target = fs::canonical(path, error);
  // A link to nowhere is replaced itself.
  return error ? path : target.string();
}

// Of the hidden files beside `path`.
std::string stem_of(const std::string& path) {
  constexpr std::size_t longest_stem = 200;  // of the 255 bytes of a name
  return "." + fs::path(path).filename().string().substr(0, longest_stem);
}

std::string temporary_name(const std::string& path) {
  std::random_device random;
  return posix::folder_of(path) + "/" + stem_of(path) + std::string(mark) +
         std::to_string(getpid()) + "." + std::to_string(random());
}

bool is_temporary_tail(std::string_view tail) {
  return !tail.empty() && tail.find_first_not_of("0123456789.") == std::string_view::npos &&
         tail.find('.') != std::string_view::npos;
}

[[noreturn]] void throw_not_made(const std::string& path) {
  if (errno == ENOSPC || errno == EDQUOT) posix::throw_write_error(errno, path, 0);
  throw Error(ErrorKind::io, path + ": cannot be written: " + std::strerror(errno) +
                                 " in the folder " + posix::folder_of(path));
}

// The mode open(2) would have given; umask can only be read by setting it.
mode_t ordinary_mode() {
  static const mode_t mode = [] {
    const mode_t mask = umask(022);
    umask(mask);
    return static_cast<mode_t>(0666 & ~mask);
  }();
  return mode;
}

void require_replaceable(const std::string& path) {
  if (fs::path(path).filename().empty())
    throw Error(ErrorKind::io, path + ": names a folder, not a file");
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) throw Error(ErrorKind::io, path + ": is a folder; name a file");
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorKind::io, path + ": exists and is not a regular file; name another");
  }
  const std::string folder = posix::folder_of(path);
  if (!fs::exists(folder, error))
    throw Error(ErrorKind::io,
                path + ": the folder " + folder + " does not exist; create it first");
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(resolved(path)) {
  require_replaceable(path_);
  for (;;) {
    const std::string name = temporary_name(path_);
    posix::FileDescriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) throw_not_made(path_);
    // Between open and lock it looks abandoned, and another process may remove it.
    KernelLock lock(std::move(file));
    if (lock.busy() || !lock.is_on(name)) continue;
    temporary_path_ = name;
    descriptor_ = lock.release();
    return;
  }
}

AtomicFile AtomicFile::continued(const std::string& path) {
  AtomicFile target;
  target.path_ = resolved(path);
  require_replaceable(target.path_);
  const std::string name = unfinished_name(target.path_);
  for (;;) {
    posix::FileDescriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) throw_not_made(target.path_);
    KernelLock lock(std::move(file));
    if (lock.busy()) {
      throw Error(ErrorKind::usage,
                  target.path_ +
                      ": another import is writing to it: wait for it or choose another --output");
    }
    // Its last holder may have given it its final name before the lock was free.
    if (!lock.is_on(name)) continue;
    target.temporary_path_ = name;
    target.descriptor_ = lock.release();
    return target;
  }
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::exchange(other.temporary_path_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this != &other) {
    discard();
    path_ = std::move(other.path_);
    temporary_path_ = std::exchange(other.temporary_path_, {});
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  if (!temporary_path_.empty()) unlink(temporary_path_.c_str());
  temporary_path_.clear();
}

void AtomicFile::keep() noexcept {
  temporary_path_.clear();
  discard();
}

void AtomicFile::write(std::string_view bytes) {
  const off_t end = lseek(descriptor_, 0, SEEK_END);
  if (end < 0) posix::throw_write_error(errno, path_, static_cast<Index>(bytes.size()));
  posix::write_at(descriptor_, end, std::as_bytes(std::span(bytes)), path_);
}

void AtomicFile::reserve(Index bytes) {
  posix::require_space(posix::folder_of(path_), bytes, path_);
  posix::reserve_space(descriptor_, bytes, path_);
}

void AtomicFile::commit() {
  require(!temporary_path_.empty(), "a file was committed twice");
  // Some file systems have no modes; the file is as good without.
  static_cast<void>(fchmod(descriptor_, ordinary_mode()));
  posix::synchronize(descriptor_, path_);
  if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0)
    posix::throw_write_error(errno, path_, 0);
  temporary_path_.clear();
  // The rename has happened: a folder that cannot be opened for reading or synced does not make
  // the file unwritten.
  const posix::FileDescriptor folder(
      open(posix::folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) static_cast<void>(fsync(folder.get()));
  close(std::exchange(descriptor_, -1));
}

void write_text_atomically(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void require_new(const std::string& path) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(path, ignored))) {
    throw Error(ErrorKind::usage, path + ": already exists; choose another --output or remove it");
  }
}

void require_new_or_own(const std::string& path, std::string_view start, std::string_view kind,
                        std::string_view option) {
  std::error_code ignored;
  if (!fs::exists(path, ignored) || fs::is_directory(path, ignored))
    return;  // nothing to lose; a folder is not written over
  // A pipe would be waited for.
  if (!fs::is_regular_file(path, ignored)) {
    throw Error(ErrorKind::usage,
                path + ": is not a regular file; choose another " + std::string(option));
  }
  std::string found(start.size(), '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.read(found.data(), static_cast<std::streamsize>(found.size()));
  if (found == start) return;
  throw Error(ErrorKind::usage, path + ": already exists and is not a " + std::string(kind) +
                                    "; choose another " + std::string(option) + " or remove it");
}

void copy_atomically(const std::string& from, const std::string& to) {
  std::ifstream source(from, std::ios::binary);
  if (!source)
    throw Error(ErrorKind::io, "cannot read " + from + ": no such file, or no permission");
  AtomicFile copy(to);
  std::vector<char> block(std::size_t{1} << 20);
  while (source) {
    source.read(block.data(), static_cast<std::streamsize>(block.size()));
    copy.write({block.data(), static_cast<std::size_t>(source.gcount())});
  }
  if (source.bad()) throw Error(ErrorKind::io, "cannot read " + from);
  copy.commit();
}

std::string unfinished_name(const std::string& path) {
  const std::string target = resolved(path);
  return posix::folder_of(target) + "/" + stem_of(target) + ".unfinished";
}

std::string journal_name(const std::string& path) { return unfinished_name(path) + ".rows"; }

void remove_dead_temporaries(const std::string& path) {
  const std::string target = resolved(path);
  const std::string unfinished = fs::path(unfinished_name(target)).filename().string();
  const std::string start = stem_of(target) + std::string(mark);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(posix::folder_of(target), error)) {
    const std::string name = entry.path().filename().string();
    const bool ours = name == unfinished ||
                      (name.starts_with(start) && is_temporary_tail(name.substr(start.size())));
    if (!ours || !fs::is_regular_file(entry.symlink_status(error))) continue;
    posix::FileDescriptor file(open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0) continue;
    const KernelLock lock(std::move(file));
    if (lock.state() == KernelLock::State::held) fs::remove(entry.path(), error);
  }
  // The journal of a ResumableWriter is useless without its file.
  if (!fs::exists(unfinished_name(target), error)) fs::remove(journal_name(target), error);
}

int remove_stale_temporaries(const std::string& folder) {
  int removed = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::size_t place = name.rfind(mark);
    if (!name.starts_with('.') || place == std::string::npos || place == 0) continue;
    const bool ours =
        is_temporary_tail(name.substr(place + mark.size())) && entry.is_regular_file(error);
    if (ours && fs::remove(entry.path(), error)) ++removed;
  }
  return removed;
}

}  // namespace hourglass
