"""The sparse autoencoders that are simulated."""

# Sparse autoencoders, one core and a micro-batch of 128: features, units, active units of a sample,
# and the milliseconds of a pass, of Adam on all weights and of adding two gradients: estimates from
# the tables of docs/performance.md. The large one has 1/64 of its units, on links of 1/64
# of their bandwidth.
DICTIONARIES = {
    "512-8192": (512, 8192, 32, 1, 21.0, 6.0, 3.0),
    "256-1000000": (256, 1000000, 32, 64, 1400.0, 700.0, 350.0),
}
