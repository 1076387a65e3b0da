#include "formats/safetensors.hpp"

#include <gtest/gtest.h>

#include "import/import_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

class Safetensors : public testing::Test {
 protected:
  [[nodiscard]] SafetensorsHeader read(const std::string& header, std::size_t data_bytes,
                                       std::int64_t claimed = -1) const {
    const auto length =
        claimed >= 0 ? static_cast<std::uint64_t>(claimed) : std::uint64_t{header.size()};
    std::string text;
    for (int i = 0; i < 8; ++i) text += static_cast<char>(length >> (8 * i));
    write_text(path_, text + header + std::string(data_bytes, '\1'));
    return read_safetensors(ByteFile(path_));
  }

  void expect_refused(const std::string& header, std::size_t data_bytes, const std::string& part,
                      std::int64_t claimed = -1) const {
    expect_error([&] { static_cast<void>(read(header, data_bytes, claimed)); }, ErrorKind::data,
                 {path_ + ": ", part});
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("x.safetensors");
};

TEST_F(Safetensors, tensors_are_found_where_they_lie) {
  const std::string header =
      R"({"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},"__metadata__":{"a":"1"},)"
      R"("a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]},)"
      R"("c":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[28,31]},)"
      R"("d":{"dtype":"I64","shape":[],"data_offsets":[31,39]}}  )";
  const SafetensorsHeader found = read(header, 39);
  ASSERT_EQ(found.tensors.size(), 4U);
  EXPECT_EQ(found.tensors[0].name, "a");
  EXPECT_EQ(found.metadata.front(), (std::pair<std::string, std::string>("a", "1")));
  const ArrayFormat a = tensor_format(found, path_, "a");
  EXPECT_EQ(a.narrow, NarrowFloat::bfloat16);
  EXPECT_EQ(a.shape, (std::vector<Index>{1, 2}));
  const ArrayFormat b = tensor_format(found, path_, "b");
  EXPECT_EQ(b.data_offset, 8 + static_cast<Index>(header.size()) + 4);
  EXPECT_EQ(b.stored_row_bytes(), 12);
  const auto refused = [&](const std::string& name, const std::string& part) {
    expect_error([&] { static_cast<void>(tensor_format(found, path_, name)); }, ErrorKind::data,
                 {part});
  };
  refused("", "it holds a, b, c, d; name one: " + path_ + ":/a");
  refused("bb", "has no tensor 'bb'; it holds b, a, c, d");
  refused("c", "holds F8_E4M3, which cannot be read");
  refused("d", "is a single value");
}

TEST_F(Safetensors, damaged_and_lying_headers_are_refused) {
  const auto one = [](const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}}";
  };
  EXPECT_EQ(read(one("2,2", "0,16"), 16).tensors.size(), 1U);
  expect_refused("", 0, "truncated in its header");
  expect_refused("[1]", 0, "is not a safetensors file");
  expect_refused("{}", 0, "claims to be 100000001 bytes long", 100000001);
  expect_refused("{}", 0, "is truncated in its header", 3);
  expect_refused(one("2,2", "0,16"), 15, "is truncated: its header asks for 16 bytes");
  expect_refused(one("2,2", "0,16"), 17, "has bytes after the last tensor");
  expect_refused(one("2,2", "4,20"), 20, "has unused bytes before tensor 'a'");
  expect_refused(one("2,2", "0,12"), 12, "offsets 0 to 12, but 2 x 2 numbers of type F32 take 16");
  expect_refused(one("2,2", "16,0"), 16, "offsets 16 to 0");
  expect_refused(one("4611686018427387904,8", "0,16"), 16, "claims 4611686018427387904");
  expect_refused(one("4611686018427387900,8", "0,16"), 16, "take too many bytes");
  expect_refused(one("-1", "0,16"), 16, "holds a negative number");
  expect_refused(one("2.5", "0,16"), 16, "holds the number 2.5");
  expect_refused(one("[2]", "0,16"), 16, "holds a list where none may be");
  expect_refused(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},)"
                 R"("b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}})",
                 24, "overlaps at tensor 'b'");
  expect_refused(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},)"
                 R"("a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}})",
                 32, "names 'a' twice");
  expect_refused(R"({"a":{"dtype":"F32","shape":[4]}})", 16, "lacks its dtype, its shape");
  expect_refused(R"({"a":{"dtype":"Q4","shape":[4],"data_offsets":[0,2]}})", 2,
                 "of the unknown type 'Q4'");
  expect_refused(R"({"a":{"dtype":"F32","sha)", 0, "is not JSON near byte");
  expect_refused(R"({"a":null})", 0, "holds null");
  expect_refused(R"({"a":{"b":{"c":1}}})", 0, "an object inside of a tensor's");
  expect_refused(R"({"a":3})", 0, "holds a number outside of a list");
}

}  // namespace
}  // namespace hourglass
