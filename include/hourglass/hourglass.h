#ifndef HOURGLASS_HOURGLASS_H
#define HOURGLASS_HOURGLASS_H

/* The C API: encode with a trained model from a server or another language (docs/serving.md).
 *
 * C99, without MPI_Init. Functions that can fail return HOURGLASS_OK or one of the codes below, and
 * hourglass_last_error() says what is wrong in one line. One model may be used by any number of
 * threads at once: functions that compute take no lock. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A model or checkpoint file in memory. */
typedef struct hourglass_model hourglass_model;

/* The exit codes of the program. */
enum {
  HOURGLASS_OK = 0,
  HOURGLASS_USAGE = 64, /* an argument is NULL, or the model needs what this API does not take */
  HOURGLASS_DATA = 65,  /* not a model, damaged, or samples that the model does not take */
  HOURGLASS_BUG = 70,   /* please report it */
  HOURGLASS_IO = 74     /* a file cannot be read, or memory is short */
};

/* The version of the library, such as "0.2.0". */
const char* hourglass_version(void);

/* What went wrong in the last call of this thread that failed; "" before one has. Valid until the
 * thread's next call. */
const char* hourglass_last_error(void);

/* Reads and verifies model.h5 or a checkpoint into *model, which hourglass_free() releases. Where
 * it fails, *model is NULL and the message is also put into error[0 .. error_size), unless error is
 * NULL. Sets OpenBLAS to one thread per call, in the whole process: parallelism is the caller's.
 * Compares ways of computing (below), which takes milliseconds to a few seconds. */
int hourglass_load(const char* path, hourglass_model** model, char* error, size_t error_size);

/* Releases a model that no other thread is using. NULL is allowed. */
void hourglass_free(hourglass_model* model);

/* Features of a sample (D), units of a code (d), numbers of a reconstruction (D, but of models with
 * a target of their own). 0 for NULL. */
int64_t hourglass_inputs(const hourglass_model* model);
int64_t hourglass_code_size(const hourglass_model* model);
int64_t hourglass_outputs(const hourglass_model* model);

/* Codes (n x d) of samples (n x D), both row after row. Samples are given as the data set of the
 * training stores them, pixels as 0 to 255 where that holds bytes, in its order of features and
 * channels, and are normalised as in training. They are taken as they are: no scale is guessed.
 * NaN and the numbers of --missing-value are missing elements where the model takes such, and are
 * refused otherwise, as infinity always is. Of sparse codes all d units are written. When the call
 * fails, no code has been written, but for models of counts, whose samples are checked on the way.
 *
 * The bits are those of `hourglass encode` with the model's micro-batch, where samples of float
 * hold the numbers of the data set: of doubles and of integers of 32 bits and more,
 * hourglass_encode_double() takes them. OpenBLAS's kernel must be the same: on processors that it
 * does not know, the program takes another than a process finds (docs/serving.md). */
int hourglass_encode(const hourglass_model* model, const float* samples, size_t n, float* codes);
int hourglass_encode_double(const hourglass_model* model, const double* samples, size_t n,
                            float* codes);

/* Reconstructions (n x outputs) of samples, and of codes, in the units of the network: those of
 * `hourglass reconstruct` without --units. */
int hourglass_reconstruct(const hourglass_model* model, const float* samples, size_t n,
                          float* outputs);
int hourglass_reconstruct_double(const hourglass_model* model, const double* samples, size_t n,
                                 float* outputs);
int hourglass_decode(const hourglass_model* model, const float* codes, size_t n, float* outputs);

/* 1: the bits of a row depend on that row alone, however rows are divided among calls. 0: products
 * of matrices round differently by a row's place in a micro-batch on this processor, or the model is
 * too large for the comparison; row i of a call has the bits of row k * hourglass_micro_batch() + i
 * of a data set, so that a data set is to be divided at multiples of it, and each call computes whole
 * micro-batches. */
int hourglass_batch_invariant(const hourglass_model* model);
int64_t hourglass_micro_batch(const hourglass_model* model);

#ifdef __cplusplus
}
#endif

#endif
