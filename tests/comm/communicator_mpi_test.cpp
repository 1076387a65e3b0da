#include "hourglass/comm/communicator.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::string text_of(int rank) {
  return rank == 1 ? std::string()
                   : std::string(static_cast<std::size_t>(rank + 1), static_cast<char>('a' + rank));
}

TEST(Communicator, split_keeps_the_order) {
  const auto world = Communicator::world();
  const int half = world.rank() % 2;
  const Communicator part = world.split(half);
  EXPECT_EQ(part.size(), (world.size() + 1 - half) / 2);
  EXPECT_EQ(part.rank(), world.rank() / 2);
  EXPECT_EQ(part.max(Index{world.rank()}) % 2, half);
}

TEST(Communicator, world_self_and_node) {
  const Communicator world = Communicator::world();
  EXPECT_GE(world.rank(), 0);
  EXPECT_LT(world.rank(), world.size());
  EXPECT_EQ(world.is_root(), world.rank() == 0);
  const Communicator self = Communicator::self();
  EXPECT_EQ(self.size(), 1);
  EXPECT_TRUE(self.is_root());
  // The tests run on one machine.
  const Communicator node = world.node();
  EXPECT_EQ(node.size(), world.size());
  EXPECT_EQ(node.rank(), world.rank());
}

TEST(Communicator, copies_share_one_group) {
  Communicator copy = Communicator::self();
  {
    const Communicator world = Communicator::world();
    copy = world;
    EXPECT_EQ(copy.handle(), world.handle());
  }
  EXPECT_EQ(copy.max(Index{copy.rank()}), copy.size() - 1);
}

TEST(Communicator, broadcast) {
  const Communicator world = Communicator::world();
  for (int root = 0; root < world.size(); ++root) {
    std::array<int, 3> values = {world.rank(), world.rank() + 1, world.rank() + 2};
    world.broadcast(std::as_writable_bytes(std::span(values)), root);
    EXPECT_EQ(values, (std::array<int, 3>{root, root + 1, root + 2}));
    EXPECT_EQ(world.broadcast(text_of(world.rank()), root), text_of(root));
  }
  world.broadcast(std::span<std::byte>{});
}

TEST(Communicator, sum_max_min) {
  const Communicator world = Communicator::world();
  const std::int64_t ranks = world.size();
  const std::int64_t rank = world.rank();
  std::array<std::int64_t, 2> values = {rank, -(std::int64_t{1} << 40)};
  world.sum(values);
  EXPECT_EQ(values, (std::array<std::int64_t, 2>{ranks * (ranks - 1) / 2, -(ranks << 40)}));
  // Above 2^63: unsigned arithmetic, and wrapping.
  std::array<std::uint64_t, 1> words = {std::uint64_t{1} << 63};
  world.sum(words);
  EXPECT_EQ(words[0], ranks % 2 == 0 ? 0 : std::uint64_t{1} << 63);
  world.sum(std::span<std::int64_t>{});
  EXPECT_EQ(world.max(0.5 + static_cast<double>(rank)), static_cast<double>(ranks) - 0.5);
  EXPECT_EQ(world.max(Index{-rank}), 0);
  EXPECT_EQ(world.min(Index{-rank}), 1 - ranks);
}

TEST(Communicator, all_gather) {
  const Communicator world = Communicator::world();
  std::vector<std::string> expected;
  for (int rank = 0; rank < world.size(); ++rank) expected.push_back(text_of(rank));
  EXPECT_EQ(world.all_gather(text_of(world.rank())), expected);
}

TEST(Communicator, ring_of_messages) {
  const Communicator world = Communicator::world();
  const int right = (world.rank() + 1) % world.size();
  const int left = (world.rank() + world.size() - 1) % world.size();
  std::vector<float> first(1000, static_cast<float>(world.rank()));
  std::vector<float> second(1000, -1.0F - static_cast<float>(world.rank()));
  std::vector<float> received_first(1000);
  std::vector<float> received_second(1000);
  {
    // One tag: messages arrive in the order of sending. The destructors wait.
    const Request a = world.receive(received_first, left, 7);
    const Request b = world.receive(received_second, left, 7);
    const Request c = world.send(first, right, 7);
    const Request d = world.send(second, right, 7);
  }
  EXPECT_EQ(received_first, std::vector<float>(1000, static_cast<float>(left)));
  EXPECT_EQ(received_second, std::vector<float>(1000, -1.0F - static_cast<float>(left)));
}

TEST(Communicator, duplicate_has_messages_of_its_own) {
  const Communicator world = Communicator::world();
  const Communicator other = world.duplicate();
  EXPECT_EQ(other.rank(), world.rank());
  EXPECT_EQ(other.size(), world.size());
  const int right = (world.rank() + 1) % world.size();
  const int left = (world.rank() + world.size() - 1) % world.size();
  const std::array<float, 1> sent = {1.0F};
  const std::array<float, 1> sent_other = {2.0F};
  std::array<float, 1> received{};
  std::array<float, 1> received_other{};
  Request send = world.send(sent, right, 0);
  Request send_other = other.send(sent_other, right, 0);
  other.receive(received_other, left, 0).wait();
  world.receive(received, left, 0).wait();
  EXPECT_EQ(received[0], 1.0F);
  EXPECT_EQ(received_other[0], 2.0F);
}

TEST(Communicator, iallreduce_sum) {
  const Communicator world = Communicator::world();
  const auto ranks = world.size();
  std::vector<float> floats(100, static_cast<float>(world.rank()));
  std::vector<std::int64_t> integers(3, std::int64_t{world.rank()} << 33);
  Request float_sum = world.iallreduce_sum(floats);
  Request integer_sum = world.iallreduce_sum(integers);
  while (!float_sum.test()) {
  }
  integer_sum.wait();
  const std::int64_t total = std::int64_t{ranks} * (ranks - 1) / 2;
  EXPECT_EQ(floats, std::vector<float>(100, static_cast<float>(total)));
  EXPECT_EQ(integers, std::vector<std::int64_t>(3, total << 33));
}

TEST(Communicator, errors_carry_the_call_and_the_text_of_mpi) {
  const Communicator world = Communicator::world();
  std::array<float, 1> value{};
  try {
    (void)world.receive(value, world.size(), 0);
    FAIL() << "a message from nobody";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bug);
    const std::string message = error.what();
    EXPECT_NE(message.find("MPI_Irecv failed"), std::string::npos) << message;
    EXPECT_NE(message.find("rank"), std::string::npos) << message;
  }
}

TEST(Request, moves) {
  const Communicator self = Communicator::self();
  std::array<float, 1> received{};
  const std::array<float, 1> sent = {3.0F};
  Request empty;
  EXPECT_TRUE(empty.test());
  empty.wait();
  Request receive = self.receive(received, 0, 1);
  EXPECT_FALSE(receive.test());
  Request moved = std::move(receive);
  EXPECT_TRUE(receive.test());  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move): a
                                // moved-from request is empty
  EXPECT_FALSE(moved.test());
  empty = std::move(moved);
  EXPECT_FALSE(empty.test());
  Request send = self.send(sent, 0, 1);
  empty.wait();
  EXPECT_TRUE(empty.test());
  EXPECT_EQ(received[0], 3.0F);
}

TEST(Request, assignment_waits_for_the_operation_held) {
  const Communicator self = Communicator::self();
  std::array<float, 1> received{};
  const std::array<float, 1> sent = {4.0F};
  Request receive = self.receive(received, 0, 1);
  Request send = self.send(sent, 0, 1);
  receive = Request();
  EXPECT_EQ(received[0], 4.0F);
}

}  // namespace
}  // namespace hourglass
