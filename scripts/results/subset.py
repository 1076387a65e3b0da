"""The first samples of a file made by data/fashion-mnist.sh: subset.py WHOLE.h5 FEW.h5 TRAIN
TEST"""
import sys

import h5py

whole, few, train, test = sys.argv[1:5]
with h5py.File(whole, "r") as source, h5py.File(few, "w") as target:
    for group, count in (("train", int(train)), ("test", int(test))):
        for name in ("samples", "labels"):
            target[f"{group}/{name}"] = source[f"{group}/{name}"][:count]
