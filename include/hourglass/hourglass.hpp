#pragma once

/// The public API: train an autoencoder on MPI ranks, encode with it, save it (docs/api.md).

#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "hourglass/comm/request.hpp"
#include "hourglass/config/training_settings.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/owned_matrix.hpp"
#include "hourglass/core/types.hpp"
#include "hourglass/data/samples.hpp"
#include "hourglass/run/trained_model.hpp"
#include "hourglass/train/train.hpp"
