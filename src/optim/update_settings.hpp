#pragma once

namespace hourglass {

/// Rate and decay factors of groups of parameters, and the running average of all of them.
struct UpdateSettings {
  bool decay_biases = true;
  /// Cells of 64 numbers whose gradient is 0 in a step are left as they are, moments too.
  bool sparse = false;
  double encoder_rate = 1;   ///< learning rate of "encoder/..." tensors
  double decoder_rate = 1;   ///< of "decoder/..." tensors
  double bias_rate = 1;      ///< of biases, on top
  double encoder_decay = 1;  ///< weight decay likewise
  double decoder_decay = 1;
  double ema = 0;  ///< decay of the running average of the weights; 0: none
};

}  // namespace hourglass
