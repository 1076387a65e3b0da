#include "engine/arithmetic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/config.hpp"
#include "core/buffer.hpp"
#include "core/layout.hpp"
#include "core/timer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const std::string& setting, const std::string& why) {
  throw Error(ErrorKind::usage, fmt::format("{}: {}", setting, why));
}

// The shortest of a few calls, in seconds.
template <class Multiply>
double seconds_of(const Multiply& multiply) {
  multiply();  // prepares
  double best = 1e30;
  for (int i = 0; i < 5; ++i) {
    const Timer timer;
    multiply();
    best = std::min(best, timer.seconds());
  }
  return best;
}

void check_bfloat16(const TrainConfig& config, const Layout& layout) {
  constexpr const char* setting = "--precision bf16";
  const bool forced = config.arithmetic.force_precision;
  if (!forced && !cpu_multiplies_bfloat16()) {
    refuse(setting, fmt::format("this CPU has no bfloat16 instructions (AVX512-BF16 or AMX; {} "
                                "here), so fp32 is faster; leave it "
                                "out, or add --force-precision",
                                onednn_description()));
  }
  const Tensor& largest = *std::ranges::max_element(layout.tensors(), {}, &Tensor::size);
  const Index outputs = largest.shape.front();
  const Index inputs = largest.size / outputs;
  const Index rows = config.micro_batch;
  Buffer<float> x(rows * inputs);
  Buffer<float> weight(outputs * inputs);
  Buffer<float> y(rows * outputs);
  Buffer<Bfloat16> rounded_x(x.size());
  Buffer<Bfloat16> rounded_weight(weight.size());
  try {
    const double half = seconds_of([&] {
      convert_to_bfloat16(x.data(), rounded_x.data(), x.size());
      gemm_bfloat16(false, true, {rounded_x.data(), rows, inputs},
                    {rounded_weight.data(), outputs, inputs}, 0, Matrix(y.data(), rows, outputs));
    });
    if (forced) return;
    const double full = seconds_of([&] {
      gemm(false, true, Matrix(x.data(), rows, inputs), Matrix(weight.data(), outputs, inputs), 0,
           Matrix(y.data(), rows, outputs));
    });
    if (half <= full) return;
    refuse(setting,
           fmt::format("it is slower than fp32 here ({:.0f} us against {:.0f} us for a layer of {} "
                       "x {}); leave it out, "
                       "use wider layers or a larger --micro-batch, or add --force-precision",
                       half * 1e6, full * 1e6, outputs, inputs));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bug) throw;
    refuse(setting,
           fmt::format("{} cannot compute it on this CPU; leave it out", onednn_description()));
  }
}

}  // namespace

void prepare_arithmetic(const Communicator& communicator, const TrainConfig& config,
                        const Layout& layout) {
  const ArithmeticSettings& settings = config.arithmetic;
  collectively(communicator, [&] {
    const bool half = settings.precision == Precision::bf16;
    const bool library = settings.gemm == GemmLibrary::onednn;
    const bool half_optimizer = config.optimizer.precision == "bf16";
    if ((half || library || half_optimizer) && !has_onednn()) {
      refuse(
          half      ? "--precision bf16"
          : library ? "--gemm onednn"
                    : "--optimizer-precision bf16",
          "this build has no oneDNN; install it (scripts/install_deps.sh --extras) and build again "
          "with cmake --preset release -DHOURGLASS_ONEDNN=ON");
    }
    use_onednn_for_gemm(library);
    // Rank 0's clock decides for all ranks. It decides whether to run, never what is computed.
    if (half && communicator.is_root()) check_bfloat16(config, layout);
    if (half_optimizer && !settings.force_precision && !cpu_multiplies_bfloat16()) {
      refuse("--optimizer-precision bf16",
             fmt::format("this CPU has no bfloat16 instructions (AVX512-BF16 or AMX; {} here), so "
                         "fp32 is faster; leave it out, or add --force-precision",
                         onednn_description()));
    }
  });
}

std::string arithmetic_description(const ArithmeticSettings& settings) {
  const std::string blas = blas_version() + " " + blas_core();
  const bool onednn = settings.gemm == GemmLibrary::onednn || settings.precision == Precision::bf16;
  return onednn ? blas + ", " + onednn_description() : blas;
}

}  // namespace hourglass
