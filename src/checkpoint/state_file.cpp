#include "checkpoint/state_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "checkpoint/digest.hpp"
#include "checkpoint/state_layout.hpp"
#include "checkpoint/state_writer.hpp"
#include "core/buffer.hpp"
#include "hourglass/core/error.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

namespace {

constexpr Index read_block = Index{1} << 18;  // floats

Index values_of(const std::vector<StoredTensor>& tensors) {
  Index values = 0;
  for (const StoredTensor& tensor : tensors) values += tensor.size;
  return values;
}

// Reads a tensor block by block and adds it to the digest; keeps it when `keep` is not null.
void read_tensor(int descriptor, const std::string& name, const StoredTensor& tensor, Index offset,
                 Buffer<float>& block, ArenaDigest& digest, float* keep) {
  for (Index begin = 0; begin < tensor.size; begin += read_block) {
    const Index size = std::min(read_block, tensor.size - begin);
    const std::span<float> values(keep != nullptr ? keep + begin : block.data(),
                                  static_cast<std::size_t>(size));
    posix::read_at(descriptor, offset + begin * static_cast<Index>(sizeof(float)),
                   std::as_writable_bytes(values), name);
    digest.add(tensor, begin, values);
  }
}

// Reads a whole group, into `arena` when it is not empty, and compares its digest.
void read_group(hid_t file, const std::string& name, const StoredGroup& group,
                std::span<float> arena) {
  const std::vector<Index> offsets = locate_tensors(file, name, group);
  const posix::FileDescriptor descriptor = posix::open_file(name, O_RDONLY, name);
  Buffer<float> block(arena.empty() ? std::min(read_block, values_of(group.tensors)) : 0);
  ArenaDigest digest;
  for (std::size_t t = 0; t < group.tensors.size(); ++t) {
    const StoredTensor& tensor = group.tensors[t];
    read_tensor(descriptor.get(), name, tensor, offsets[t], block, digest,
                arena.empty() ? nullptr : arena.data() + tensor.offset);
  }
  if (digest.hex() != group.digest) {
    throw Error(ErrorKind::data,
                name + ": corrupted: digest mismatch in " + group.group + "; use another copy");
  }
}

}  // namespace

void write_state_file(const Communicator& communicator, const std::string& path,
                      const StateHeader& header, std::span<const StoredArena> arenas) {
  StateWriter(communicator, path, header, {arenas.begin(), arenas.end()}).finish();
}

StateFile read_state_file(const std::string& path) {
  const hdf5::Lock lock;
  const hdf5::Handle file = hdf5::open_file(path);
  StateFile state;
  state.path = path;
  state.groups = read_state_layout(file.get(), path, state.header).groups;
  constexpr std::string_view optimizer = "/optimizer/";
  for (const StoredGroup& group : state.groups) {
    read_group(file.get(), path, group, {});
    if (group.group == "/model") {
      state.parameters = group.tensors;
      state.weights_digest = group.digest;
    }
    if (group.group.starts_with(optimizer))
      state.optimizer_groups.push_back(group.group.substr(optimizer.size()));
  }
  return state;
}

void read_arena(const StateFile& file, const std::string& group, std::span<float> arena) {
  const auto found = std::find_if(file.groups.begin(), file.groups.end(),
                                  [&](const StoredGroup& stored) { return stored.group == group; });
  if (found == file.groups.end()) throw Error(ErrorKind::data, file.path + ": holds no " + group);
  for (const StoredTensor& tensor : found->tensors) {
    if (tensor.offset + tensor.size > static_cast<Index>(arena.size())) {
      throw Error(ErrorKind::data, file.path + ": " + group + "/" + tensor.name +
                                       " does not fit the model it is read into");
    }
  }
  std::fill(arena.begin(), arena.end(), 0.0F);
  const hdf5::Lock lock;
  const hdf5::Handle handle = hdf5::open_file(file.path);
  read_group(handle.get(), file.path, *found, arena);
}

}  // namespace hourglass
