#include "math/onednn.hpp"

#include "hourglass/core/error.hpp"

#ifdef HOURGLASS_HAVE_ONEDNN
#include <dnnl.hpp>

#include <array>
#include <map>
#include <memory>

// Of libgomp, which oneDNN uses: no other part of this program uses OpenMP.
extern "C" void omp_set_num_threads(int);
#endif

namespace hourglass {

void convert_to_bfloat16(const float* from, Bfloat16* to, Index count) {
  for (Index i = 0; i < count; ++i) to[i] = to_bfloat16(from[i]);
}

#ifdef HOURGLASS_HAVE_ONEDNN

namespace {

using Type = dnnl::memory::data_type;

dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// The key of a prepared product. Strides belong to it; alignment does not.
struct Shape {
  Type type = Type::f32;
  bool transpose_a = false;
  bool transpose_b = false;
  std::array<Index, 6> sizes{};  // m, n, k and the strides
  float beta = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes what the compiler writes for ours
  friend auto operator<=>(const Shape&, const Shape&) = default;
};

// A prepared product of one thread; its memory objects point at the operands of each call.
class Product {
 public:
  explicit Product(const Shape& shape) : stream_(cpu()) {
    const auto [m, n, k, a_stride, b_stride, c_stride] = shape.sizes;
    const auto descriptor = [](Type type, Index rows, Index columns, Index stride,
                               bool transposed) {
      return dnnl::memory::desc(
          {rows, columns}, type,
          transposed ? dnnl::memory::dims{1, stride} : dnnl::memory::dims{stride, 1});
    };
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (shape.beta != 0) {
      dnnl::post_ops sum;
      sum.append_sum(shape.beta);
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::primitive_desc description(
        {descriptor(shape.type, m, k, a_stride, shape.transpose_a),
         descriptor(shape.type, k, n, b_stride, shape.transpose_b),
         descriptor(Type::f32, m, n, c_stride, false)},
        attributes, cpu());
    primitive_ = dnnl::matmul(description);
    a_ = dnnl::memory(description.src_desc(), cpu(), nullptr);
    b_ = dnnl::memory(description.weights_desc(), cpu(), nullptr);
    c_ = dnnl::memory(description.dst_desc(), cpu(), nullptr);
    scratch_ = dnnl::memory(description.scratchpad_desc(), cpu());
    arguments_ = {{{DNNL_ARG_SRC, a_.get()},
                   {DNNL_ARG_WEIGHTS, b_.get()},
                   {DNNL_ARG_DST, c_.get()},
                   {DNNL_ARG_SCRATCHPAD, scratch_.get()}}};
  }

  // The library takes the operands' pointers as mutable, but does not write through them.
  void run(const void* a, const void* b, void* c) {
    a_.set_data_handle(const_cast<void*>(a));
    b_.set_data_handle(const_cast<void*>(b));
    c_.set_data_handle(c);
    const auto status = dnnl_primitive_execute(primitive_.get(), stream_.get(), arguments_.size(),
                                               arguments_.data());
    require(status == dnnl_success, "oneDNN could not multiply");
  }

 private:
  dnnl::stream stream_;
  dnnl::matmul primitive_;
  dnnl::memory a_, b_, c_, scratch_;
  std::array<dnnl_exec_arg_t, 4> arguments_{};
};

template <class T>
void multiply(Type type, bool transpose_a, bool transpose_b, MatrixView<const T> a,
              MatrixView<const T> b, float beta, Matrix c) {
  const Index inner = transpose_a ? a.rows : a.columns;
  require((transpose_a ? a.columns : a.rows) == c.rows &&
              (transpose_b ? b.rows : b.columns) == c.columns &&
              (transpose_b ? b.columns : b.rows) == inner,
          "the shapes of a matrix product disagree");
  if (c.rows == 0 || c.columns == 0) return;
  if (inner == 0) {
    for (Index r = 0; r < c.rows; ++r) {
      for (float& value : c.row(r)) value = beta == 0 ? 0.0F : beta * value;
    }
    return;
  }
  // One map per thread, so that no lock is needed; a network has a few dozen shapes.
  thread_local std::map<Shape, std::unique_ptr<Product>> products;
  if (products.empty()) omp_set_num_threads(1);
  const Shape shape{type,
                    transpose_a,
                    transpose_b,
                    {c.rows, c.columns, inner, a.stride, b.stride, c.stride},
                    beta};
  auto& product = products[shape];
  try {
    if (!product) product = std::make_unique<Product>(shape);
    product->run(a.data, b.data, c.data);
  } catch (const dnnl::error& error) {
    throw Error(ErrorKind::bug, std::string("internal error: oneDNN: ") + error.what());
  }
}

std::string instructions() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx512_core:
      return "AVX512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX512-VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX512-BF16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AMX";
    default:
      return "other instructions";
  }
}

}  // namespace

bool has_onednn() { return true; }

std::string onednn_description() {
  const dnnl::version_t* version = dnnl::version();
  return "oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->patch) + " " + instructions();
}

bool cpu_multiplies_bfloat16() {
  const std::string used = instructions();
  return used == "AVX512-BF16" || used == "AMX";
}

void gemm_bfloat16(bool transpose_a, bool transpose_b, ConstBfloat16Matrix a, ConstBfloat16Matrix b,
                   float beta, Matrix c) {
  multiply(Type::bf16, transpose_a, transpose_b, a, b, beta, c);
}

void gemm_onednn(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, float beta,
                 Matrix c) {
  multiply(Type::f32, transpose_a, transpose_b, a, b, beta, c);
}

#else

namespace {

[[noreturn]] void missing() {
  throw Error(ErrorKind::bug, "internal error: oneDNN is not in this build");
}

}  // namespace

bool has_onednn() { return false; }
std::string onednn_description() { return "no oneDNN"; }
bool cpu_multiplies_bfloat16() { return false; }
void gemm_bfloat16(bool, bool, ConstBfloat16Matrix, ConstBfloat16Matrix, float, Matrix) {
  missing();
}
void gemm_onednn(bool, bool, ConstMatrix, ConstMatrix, float, Matrix) { missing(); }

#endif

}  // namespace hourglass
