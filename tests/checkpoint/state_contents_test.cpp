#include "checkpoint/state_contents.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

StateHeader example() {
  StateHeader header;
  header.configuration = "[model]\nlayers = 3,2\n";
  header.texts = {{"blas", "none"}};
  header.position = {{"step", 7}};
  header.doubles = {{"/history/loss", {1.0, 0.5}}};
  return header;
}

TEST(StateContents, survive_a_round_trip) {
  StoredGroup group;
  group.group = "/model";
  group.tensors = {{"encoder/0/weight", {2, 3}, 0, 6}};
  group.digest = "0123";
  const std::string json = to_json(contents_of(example(), {group}));
  EXPECT_EQ(to_json(parse_contents(json, "f.h5")), json);
  io_test::expect_error(ErrorKind::data, "f.h5",
                        [&] { static_cast<void>(parse_contents(json.substr(1), "f.h5")); });
}

// A file of an earlier version is verified by its own version, not by the newest one.
TEST(StateDigest, depends_on_the_format_version_of_the_file) {
  EXPECT_NE(state_digest(1, "{}", example()), state_digest(2, "{}", example()));
}

TEST(StateDigest, depends_on_every_part_of_the_header) {
  const std::string digest = state_digest(1, "{}", example());
  for (int part = 0; part < 4; ++part) {
    StateHeader changed = example();
    if (part == 0) changed.configuration += " ";
    if (part == 1) changed.texts["blas"] = "other";
    if (part == 2) changed.position["step"] = 8;
    if (part == 3) changed.doubles["/history/loss"][1] = 0.25;
    EXPECT_NE(state_digest(1, "{}", changed), digest) << part;
  }
  EXPECT_NE(state_digest(1, "[]", example()), digest);
}

}  // namespace
}  // namespace hourglass
