#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <map>

#include "export/export.hpp"
#include "nn/network.hpp"
#include "support/protobuf_reader.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

/// Rows x columns, or one row that stands for all, or a single number that stands for all.
struct Values {
  Index rows = 1;
  std::vector<float> numbers;

  [[nodiscard]] Index columns() const { return static_cast<Index>(numbers.size()) / rows; }
  [[nodiscard]] float at(Index row, Index column) const {
    const Index r = rows == 1 ? 0 : row;
    const Index c = columns() == 1 ? 0 : column;
    return numbers[static_cast<std::size_t>(r * columns() + c)];
  }
};

/// Reads an ONNX file by the field numbers of onnx.proto and evaluates its graph: the operators of
/// dense networks, as their definitions say.
class OnnxFile {
 public:
  explicit OnnxFile(const std::string& bytes) : bytes_(bytes), file_(bytes_) {
    for (const auto tensor : graph().bytes(5)) {
      const ProtobufFields fields(tensor);
      const std::string raw = fields.text(9);
      Values values;
      Index size = 1;
      for (const std::int64_t extent : fields.integers(1)) size *= extent;
      if (fields.integers(1).size() == 2) values.rows = fields.integers(1)[0];
      EXPECT_EQ(fields.integer(2), 1) << "float32";
      values.numbers.resize(raw.size() / sizeof(float));
      EXPECT_EQ(static_cast<Index>(values.numbers.size()), size);
      std::memcpy(values.numbers.data(), raw.data(), raw.size());
      values_[fields.text(8)] = values;
    }
  }

  [[nodiscard]] const ProtobufFields& file() const { return file_; }
  [[nodiscard]] ProtobufFields graph() const { return file_.message(7); }
  /// Width of the input (field 11) or output (field 12) of that name; its rows are free.
  [[nodiscard]] Index width(int field, const std::string& name) const {
    const ProtobufFields value = graph().message(field);
    EXPECT_EQ(value.text(1), name);
    const ProtobufFields tensor = value.message(2).message(1);
    EXPECT_EQ(tensor.integer(1), 1) << "float32";
    const ProtobufFields shape = tensor.message(2);
    const auto dimensions = shape.bytes(1);
    EXPECT_EQ(dimensions.size(), 2U);
    EXPECT_EQ(ProtobufFields(dimensions[0]).text(2), "N");
    return ProtobufFields(dimensions[1]).integer(1);
  }
  [[nodiscard]] std::vector<std::string> operators() const {
    std::vector<std::string> types;
    const ProtobufFields all = graph();
    for (const auto node : all.bytes(1)) types.push_back(ProtobufFields(node).text(4));
    return types;
  }

  [[nodiscard]] Values run(const Values& input) {
    values_["input"] = input;
    const ProtobufFields all = graph();
    for (const auto node : all.bytes(1)) run_node(ProtobufFields(node), input.rows);
    return values_.at("output");
  }

 private:
  static ProtobufFields attribute(const ProtobufFields& node, const std::string& name) {
    for (const auto bytes : node.bytes(5)) {
      if (ProtobufFields(bytes).text(1) == name) return ProtobufFields(bytes);
    }
    throw std::runtime_error("no attribute " + name);
  }

  void run_node(const ProtobufFields& node, Index rows) {
    std::vector<const Values*> in;
    for (const auto name : node.bytes(1)) in.push_back(&values_.at(std::string(name)));
    const std::string type = node.text(4);
    const Values& x = *in[0];
    Values y;
    y.rows = rows;
    const auto each = [&](Index columns, const auto& value) {
      for (Index r = 0; r < rows; ++r) {
        for (Index c = 0; c < columns; ++c) y.numbers.push_back(value(r, c));
      }
    };
    const auto unary = [&](float (*f)(float)) {
      each(x.columns(), [&](Index r, Index c) { return f(x.at(r, c)); });
    };
    const auto binary = [&](const auto& f) {
      each(std::max(x.columns(), in[1]->columns()),
           [&](Index r, Index c) { return f(x.at(r, c), in[1]->at(r, c)); });
    };
    if (type == "Gemm") {
      EXPECT_EQ(attribute(node, "transB").integer(3), 1);
      const Values& w = *in[1];
      each(w.rows, [&](Index r, Index o) {
        double sum = static_cast<double>(in[2]->at(0, o));
        for (Index c = 0; c < x.columns(); ++c)
          sum += static_cast<double>(x.at(r, c)) *
                 static_cast<double>(w.numbers[static_cast<std::size_t>(o * x.columns() + c)]);
        return static_cast<float>(sum);
      });
    } else if (type == "Sigmoid") {
      unary([](float z) { return 1 / (1 + std::exp(-z)); });
    } else if (type == "Tanh") {
      unary([](float z) { return std::tanh(z); });
    } else if (type == "Relu") {
      unary([](float z) { return std::max(z, 0.0F); });
    } else if (type == "Softplus") {
      unary([](float z) { return std::log1p(std::exp(z)); });
    } else if (type == "Erf") {
      unary([](float z) { return std::erf(z); });
    } else if (type == "Max") {
      binary([](float a, float b) { return std::max(a, b); });
    } else if (type == "Min") {
      binary([](float a, float b) { return std::min(a, b); });
    } else if (type == "Identity") {
      y = x;
    } else if (type == "LeakyRelu") {
      const float alpha = attribute(node, "alpha").real(2);
      each(x.columns(),
           [&](Index r, Index c) { return (x.at(r, c) < 0 ? alpha : 1) * x.at(r, c); });
    } else if (type == "Elu" || type == "Selu") {
      const float alpha = attribute(node, "alpha").real(2);
      const float gamma = type == "Selu" ? attribute(node, "gamma").real(2) : 1;
      each(x.columns(), [&](Index r, Index c) {
        return gamma * (x.at(r, c) > 0 ? x.at(r, c) : alpha * std::expm1(x.at(r, c)));
      });
    } else if (type == "Add") {
      binary(std::plus<>());
    } else if (type == "Sub") {
      binary(std::minus<>());
    } else if (type == "Mul") {
      binary(std::multiplies<>());
    } else if (type == "Div") {
      binary(std::divides<>());
    } else {
      throw std::runtime_error("unexpected operator " + type);
    }
    values_[node.text(2)] = y;
  }

  std::string bytes_;
  ProtobufFields file_;
  std::map<std::string, Values> values_;
};

constexpr Index rows = 3;

Values samples(Index columns) {
  Values values{rows, {}};
  for (Index i = 0; i < rows * columns; ++i)
    values.numbers.push_back(static_cast<float>(std::cos(static_cast<double>(3 * i))));
  return values;
}

void expect_near(const Values& found, ConstMatrix wanted) {
  ASSERT_EQ(found.rows, wanted.rows);
  ASSERT_EQ(found.columns(), wanted.columns);
  for (Index r = 0; r < wanted.rows; ++r) {
    for (Index c = 0; c < wanted.columns; ++c) EXPECT_NEAR(found.at(r, c), wanted(r, c), 1e-5);
  }
}

AutoencoderSpec spec_of(Activation activation) {
  AutoencoderSpec spec;
  spec.encoder = {5, 4, 2};
  spec.activation = activation;
  spec.output_activation = Activation::sigmoid;
  return spec;
}

TEST(ToOnnx, says_what_it_is) {
  const OnnxFile onnx(to_onnx(small_model(spec_of(Activation::relu)), ModelPart::encoder, true));
  EXPECT_EQ(onnx.file().integer(1), 7) << "IR version";
  EXPECT_EQ(onnx.file().text(2), "hourglass");
  EXPECT_EQ(onnx.file().message(8).text(1), "");
  EXPECT_EQ(onnx.file().message(8).integer(2), 13) << "opset";
  EXPECT_EQ(onnx.width(11, "input"), 5);
  EXPECT_EQ(onnx.width(12, "output"), 2);
  EXPECT_EQ(onnx.operators(), (std::vector<std::string>{"Gemm", "Relu", "Gemm", "Identity"}));
}

TEST(ToOnnx, computes_what_the_network_computes_with_every_activation) {
  for (const Activation activation :
       {Activation::linear, Activation::sigmoid, Activation::tanh, Activation::relu,
        Activation::leaky_relu, Activation::elu, Activation::selu, Activation::gelu,
        Activation::softplus, Activation::silu}) {
    SCOPED_TRACE(name_of(activation));
    const Model model = small_model(spec_of(activation));
    Workspace workspace = model.network->make_workspace(rows);
    const Values x = samples(5);
    const float* parameters = model.parameters.data();
    const ConstMatrix input(x.numbers.data(), rows, 5);
    expect_near(OnnxFile(to_onnx(model, ModelPart::autoencoder, true)).run(x),
                model.network->reconstruct(parameters, input, workspace));
    expect_near(OnnxFile(to_onnx(model, ModelPart::encoder, true)).run(x),
                model.network->encode(parameters, input, workspace));
    const Values h = samples(2);
    expect_near(OnnxFile(to_onnx(model, ModelPart::decoder, true)).run(h),
                model.network->decode(parameters, {h.numbers.data(), rows, 2}, workspace));
  }
}

TEST(ToOnnx, puts_large_tensors_into_a_file_of_their_own) {
  AutoencoderSpec spec;
  spec.encoder = {80, 16, 2};
  const Model model = small_model(spec);
  std::string data;
  const OnnxExternalData external{"model.onnx.data",
                                  [&](std::string_view bytes) { data.append(bytes); }};
  const std::string whole = to_onnx(model, ModelPart::encoder, true);
  const std::string graph = to_onnx(model, ModelPart::encoder, true, Units::network, &external);
  EXPECT_LT(graph.size(), whole.size() - 80 * 15 * sizeof(float));
  const auto tensors = [](const std::string& file) {
    return ProtobufFields(ProtobufFields(file).message(7)).bytes(5);
  };
  const auto inside = tensors(whole);
  const auto outside = tensors(graph);
  ASSERT_EQ(inside.size(), outside.size());
  int moved = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const ProtobufFields one(inside[i]);
    const ProtobufFields other(outside[i]);
    EXPECT_EQ(one.text(8), other.text(8));
    EXPECT_EQ(one.integers(1), other.integers(1));
    if (other.bytes(9).empty()) {
      ++moved;
      EXPECT_EQ(other.integer(14), 1) << "external";
      std::map<std::string, std::string> entries;
      for (const auto bytes : other.bytes(13))
        entries[ProtobufFields(bytes).text(1)] = ProtobufFields(bytes).text(2);
      EXPECT_EQ(entries.at("location"), "model.onnx.data");
      const std::size_t offset = std::stoul(entries.at("offset"));
      EXPECT_EQ(offset % 4096, 0U);
      EXPECT_EQ(data.substr(offset, std::stoul(entries.at("length"))), one.text(9));
    } else {
      EXPECT_EQ(one.text(9), other.text(9));
    }
  }
  EXPECT_EQ(moved, 1) << "small ones stay";
  EXPECT_FALSE(needs_external_data(model, ModelPart::autoencoder));
}

TEST(ToOnnx, begins_with_the_normalisation) {
  Model model = small_model(spec_of(Activation::tanh));
  model.transform.divisor = 255;
  model.transform.mean = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F};
  model.transform.inverse_deviation = {1, 2, 3, 4, 5};
  const Values stored{1, {0, 51, 102, 204, 255}};
  Values normalized{1, {}};
  for (std::size_t c = 0; c < 5; ++c) {
    normalized.numbers.push_back((stored.numbers[c] / 255 - model.transform.mean[c]) *
                                 model.transform.inverse_deviation[c]);
  }
  Workspace workspace = model.network->make_workspace(1);
  const ConstMatrix wanted =
      model.network->encode(model.parameters.data(), {normalized.numbers.data(), 1, 5}, workspace);
  expect_near(OnnxFile(to_onnx(model, ModelPart::encoder, false)).run(stored), wanted);
  expect_near(OnnxFile(to_onnx(model, ModelPart::encoder, true)).run(normalized), wanted);
  const auto operators = OnnxFile(to_onnx(model, ModelPart::decoder, false)).operators();
  EXPECT_EQ(operators.front(), "Gemm") << "codes are not normalised";
  model.transform.exact_mean = {1.7e9 + 50, 0.2, 0.3, 0.4, 0.5};
  EXPECT_THROW(static_cast<void>(to_onnx(model, ModelPart::encoder, false)), Error);
  expect_near(OnnxFile(to_onnx(model, ModelPart::encoder, true)).run(normalized), wanted);
}

}  // namespace
}  // namespace hourglass
