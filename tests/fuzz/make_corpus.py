#!/usr/bin/env python3
"""Small valid files of every kind, for the fuzzers to begin with, and those that were once taken
for valid (refused-...): make_corpus.py FOLDER PROGRAM"""
import base64
import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4"
    "UG1RV19iZ2hnPk1xeXBkeFxlZ2P/wAALCAACAAMBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABf/EABoQAAEFAQAAAAAA"
    "AAAAAAAAAAQAAhVUk9H/2gAIAQEAAD8AcjQaQ2TeL//Z"
)

MARKET = b"%%MatrixMarket matrix coordinate real general\n"


def idx(values, code):
    return (
        struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
        + values.astype(values.dtype.newbyteorder(">")).tobytes()
    )


def saved(save, *arguments, **arrays):
    stream = io.BytesIO()
    save(stream, *arguments, **arrays)
    return stream.getvalue()


def safetensors(**tensors):
    header, data = {}, b""
    for name, (dtype, values) in tensors.items():
        end = len(data) + values.nbytes
        header[name] = {"dtype": dtype, "shape": values.shape, "data_offsets": [len(data), end]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def png(image):
    import zlib

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def model(program):
    """A model and a checkpoint, as small as they come."""
    environment = {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    with tempfile.TemporaryDirectory() as folder:
        with h5py.File(f"{folder}/data.h5", "w") as file:
            file["samples"] = np.arange(16, dtype=np.float32).reshape(8, 2) / 16
        subprocess.run(
            [
                program,
                "train",
                "--data",
                f"{folder}/data.h5",
                "--layers",
                "2,1",
                "--batch",
                "8",
                "--micro-batch",
                "8",
                "--epochs",
                "1",
                "--output",
                f"{folder}/run",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            env=environment,
        )
        checkpoint = sorted(Path(folder, "run/checkpoints").iterdir())[-1]
        return {
            "model": Path(folder, "run/model.h5").read_bytes(),
            "checkpoint": checkpoint.read_bytes(),
        }


def sparse(kind, **options):
    """A matrix of 3 cells and 4 genes, as AnnData or 10x Genomics store it. Metadata have checksums
    and texts a fixed length: the library crashes over damaged heaps of texts, and it is the numbers
    that are to change."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver="latest") as file:
        group = file.create_group("X" if kind == "csr" else "matrix")
        group.create_dataset("data", data=np.array([1, 2, 3, 4, 5], "f4"), **options)
        group.create_dataset("indices", data=np.array([0, 2, 1, 0, 3], "i4"), **options)
        group.create_dataset("indptr", data=np.array([0, 2, 3, 5], "i4"))
        if kind == "csr":
            group.attrs["encoding-type"], group.attrs["shape"] = np.bytes_("csr_matrix"), [3, 4]
            file.attrs["encoding-type"] = np.bytes_("anndata")
        else:
            group["shape"], group["barcodes"] = [4, 3], np.array(["a", "b", "c"], "S")
    return stream.getvalue()


def main():
    folder, program = Path(sys.argv[1]), sys.argv[2]
    numbers = np.arange(12).reshape(4, 3)
    printed = subprocess.run(
        [program, "train", "--print-config", "--data", "x.h5", "--layers", "4,2", "--output", "y"],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    grey = b"P5 3 2 255\n" + bytes(range(6))
    wide = b"{'descr': '<f2', 'fortran_order': False, 'shape': (0, 71, 75618059260707912)}"
    seeds = {
        "idx": {
            "bytes": idx(numbers.astype(np.uint8), 8),
            "floats": idx(numbers.astype(np.float32), 13),
            "packed": gzip.compress(idx(numbers.astype(np.int16), 11)),
        },
        "npy": {
            "floats": saved(np.save, numbers.astype(np.float32)),
            "doubles": saved(np.save, numbers.astype(">f8")),
            "halves": saved(np.save, numbers.astype(np.float16)),
            "refused-column": saved(np.save, np.asfortranarray(numbers.astype(np.float64))),
            "refused-wide": b"\x93NUMPY\1\0" + struct.pack("<H", len(wide)) + wide,
        },
        "safetensors": {
            "two": safetensors(a=("F32", numbers.astype("<f4")), b=("F16", numbers.astype("<f2"))),
            "refused-short": safetensors(a=("BF16", numbers.astype("<u2")))[:-1],
        },
        "npz": {
            "stored": saved(np.savez, x=numbers.astype(np.float32)),
            "packed": saved(np.savez_compressed, x=numbers.astype(np.uint8)),
        },
        "csv": {
            "plain": b"\0a,b\n1,2\n3,4\n",
            "labels": b"\6x,2\ny,4\n",
            "semicolons": b'\1"a";b\r\n1;-2e3\r\n',
            "quoted": b'\0"a ""b""",c\n1,7\n',
            "marked": b"\0\xEF\xBB\xBFa\n1\n",
            "refused-gap": b"\0a,b\n1,nan\n",
            "refused-mark": b"\0\xEF",
        },
        "image": {
            "grey": grey,
            "text": b"P3 1 1 255 1 2 3\n",
            "png": png(numbers.astype(np.uint8)),
            "jpeg": JPEG,
        },
        "config": {
            "all": printed,
            "few": b"[data]\ndata = x.h5\n[model]\nlayers = 4,2\n# words\n[optimizer]\nseed = 1\n"
            b"[run]\noutput = y\n",
        },
        "sparse": {
            "csr": sparse("csr"),
            "deflated": sparse("csr", chunks=(2,), compression="gzip"),
            "lzf": sparse("csr", chunks=(3,), compression="lzf"),
            "tenx": sparse("tenx"),
        },
        "mtx": {
            "integer": MARKET.replace(b"real", b"integer") + b"2 3 3\n2 3 -7\n1 1 5\n2 1 4\n",
            "real": MARKET + b"% words\n2 2 1\n2 2 1e-3\n",
            "pattern": MARKET.replace(b"real", b"pattern") + b"2 2 2\n2 2\n1 1\n",
            "packed": gzip.compress(MARKET + b"2 2 2\n2 2 1.5\n1 1 2\n"),
            "refused-double": MARKET + b"1 1 2\n1 1 1\n1 1 2\n",
        },
        "model": model(program),
    }
    for target, files in seeds.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / target / name).write_bytes(content)


if __name__ == "__main__":
    main()
