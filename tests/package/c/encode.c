/* Codes of samples, ROWS at a time: encode MODEL ROWS < samples > codes, both rows of floats. */
#include <hourglass/hourglass.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "usage: encode MODEL ROWS < samples > codes\n"), 64;
  char error[500];
  hourglass_model* model;
  int code = hourglass_load(argv[1], &model, error, sizeof error);
  if (code != HOURGLASS_OK) return fprintf(stderr, "encode: %s\n", error), code;

  const size_t rows = strtoul(argv[2], NULL, 10);
  const size_t inputs = (size_t)hourglass_inputs(model);
  const size_t units = (size_t)hourglass_code_size(model);
  float* samples = malloc(rows * inputs * sizeof *samples);
  float* codes = malloc(rows * units * sizeof *codes);
  size_t n;
  while (code == HOURGLASS_OK && (n = fread(samples, inputs * sizeof *samples, rows, stdin)) > 0) {
    code = hourglass_encode(model, samples, n, codes);
    if (code == HOURGLASS_OK) fwrite(codes, units * sizeof *codes, n, stdout);
  }
  if (code != HOURGLASS_OK) fprintf(stderr, "encode: %s\n", hourglass_last_error());
  fprintf(stderr, "hourglass %s, batch invariant: %d\n", hourglass_version(),
          hourglass_batch_invariant(model));

  free(samples);
  free(codes);
  hourglass_free(model);
  return code;
}
