#include "model/sparsity_checks.hpp"

#include <fmt/format.h>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

void check_weights(const AutoencoderSpec& spec) {
  const Sparsity& s = spec.sparsity;
  const Selection kind = s.selection.kind;
  check(s.l0 >= 0 && s.l0 < 1e30, fmt::format("--l0 must be at least 0, not {}", s.l0));
  check(s.l0 == 0 || kind == Selection::jump_relu,
        fmt::format("--l0 has a gradient by thresholds alone: use --sparsity jumprelu instead of "
                    "{}",
                    to_string(s.selection)));
  check(kind != Selection::jump_relu || s.l0 > 0,
        "--sparsity jumprelu is made sparse by --l0, which is 0: use e.g. --l0 1e-3");
  check(s.selection.bandwidth > 0 && s.selection.bandwidth < 1e6,
        fmt::format("--jumprelu-bandwidth must be above 0, not {}", s.selection.bandwidth));
  const bool by_l1 = kind == Selection::relu || kind == Selection::gated;
  check(!by_l1 || spec.regularization.l1 > 0,
        fmt::format("--sparsity {} is made sparse by --l1, which is 0: use e.g. --l1 1e-3",
                    to_string(s.selection)));
  check(kind != Selection::gated || spec.decoder.size() == 2,
        fmt::format("--sparsity gated needs a decoder of one layer: use --decoder-layers {},{} "
                    "instead of {}",
                    to_string(spec.decoder.front()), to_string(spec.decoder.back()),
                    to_string(spec.decoder)));
}

}  // namespace

void check_sparse_codes(const AutoencoderSpec& spec) {
  const Sparsity& s = spec.sparsity;
  if (!s.on()) {
    check(s.l0 == 0, "--l0 is about sparse codes: use --sparsity jumprelu with it");
    return;
  }
  const Regularization& r = spec.regularization;
  const Index code = unit_shapes(spec.encoder, "layers").back().units;
  check(s.selection.k <= code,
        fmt::format("--sparsity {} does not fit the code of --layers, which has {} units",
                    to_string(s.selection), code));
  check(spec.code_activation == Activation::linear,
        fmt::format("--sparsity selects from relu of the code: use --code-activation linear "
                    "instead of {}",
                    name_of(spec.code_activation)));
  check(spec.encoder.back().kind == LayerSpec::Kind::dense &&
            spec.decoder[1].kind == LayerSpec::Kind::dense,
        "--sparsity needs dense layers on both sides of the code: end --layers with a width and "
        "begin --decoder-layers with two");
  const auto refuse = [&](bool present, const char* other) {
    check(!present,
          fmt::format("--sparsity has its own layers around the code and cannot be combined with "
                      "--{}: leave out one of them",
                      other));
  };
  refuse(spec.tied, "tied");
  refuse(!spec.conditions.empty(), "condition");
  refuse(r.k_sparse > 0, "k-sparse");
  refuse(r.kl_weight > 0, "kl-weight");
  refuse(r.code_noise.kind != Noise::none, "code-noise");
  refuse(r.contractive > 0, "contractive");
  refuse(r.hessian_weight > 0, "hessian-weight");
  refuse(r.variational, "variational");
  refuse(r.predictive, "predictive");
  check_weights(spec);
}

}  // namespace hourglass
