"""HDF5 files that are written for the program."""
from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence

import h5py
import numpy as np

from .activations import Array

# HDF5 keeps texts of attributes below 64 KiB; docs/formats.md has the program's limit.
_MOST_NAMES = 4000


def is_address(values: Any) -> bool:
    """Whether samples are given as FILE.h5:/path (or several), which stay where they are."""
    return isinstance(values, (str, os.PathLike))


def is_sparse(values: Any) -> bool:
    """Whether `values` is a sparse matrix of SciPy, without importing SciPy."""
    return hasattr(values, "tocsr") and hasattr(values, "nnz")


def stored_type(values: Array) -> Array:
    """Numbers as they are stored: bytes are pixels, which the program divides by 255; other whole
    numbers are measurements like floats."""
    if values.dtype == np.uint8 or values.dtype.kind == "f" and values.dtype.itemsize <= 8:
        return values
    if values.dtype.kind in "iubf":
        return values.astype(np.float64)
    raise ValueError(f"samples of type {values.dtype} are not numbers")


class Files:
    """A folder of HDF5 files, removed with close() or with the object unless `folder` is given."""

    def __init__(self, folder: Optional[str] = None) -> None:
        self._folder = folder
        self._temporary: Optional[Any] = None

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="hourglass-")
            self._temporary = weakref.finalize(self, shutil.rmtree, self._folder, True)
        return Path(self._folder)

    @property
    def is_temporary(self) -> bool:
        """Whether there are files that are removed with this object."""
        return self._temporary is not None

    def close(self) -> None:
        if self._temporary is not None:
            self._temporary()

    def address(self, name: str, values: Any, names: Optional[Sequence[str]] = None) -> str:
        """The address of `values`: themselves, or that of a file NAME.h5 which is written of an
        array, a sparse matrix or a list of texts. `names` are those of the features."""
        if is_address(values):
            return os.fspath(values)
        path = self.folder / f"{name}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        if names is None and hasattr(values, "columns"):
            names = [str(column) for column in values.columns]
        with h5py.File(path, "w") as file:
            if is_sparse(values):
                self._write_sparse(file, name, values.tocsr())
            else:
                self._write(file, name, np.asarray(values), names)
        return f"{path}:/{name}"

    def _write(self, file: Any, name: str, values: Array, names: Optional[Sequence[str]]) -> None:
        if values.dtype.kind in "OUS":
            texts = [None if value is None else str(value) for value in values.ravel()]
            if None in texts:
                raise ValueError(f"{name}: a category is missing")
            file.create_dataset(name, data=texts, dtype=h5py.string_dtype())
            return
        file.create_dataset(name, data=values)
        if names is not None and len(names) == values.shape[-1] and len(names) <= _MOST_NAMES:
            file[name].attrs.create("feature_names", list(names), dtype=h5py.string_dtype())

    @staticmethod
    def _write_sparse(file: Any, name: str, matrix: Any) -> None:
        """As AnnData stores it, which the program reads row by row."""
        matrix.sum_duplicates()
        group = file.create_group(name)
        group.attrs["encoding-type"], group.attrs["encoding-version"] = "csr_matrix", "0.1.0"
        group.attrs["shape"] = np.array(matrix.shape, np.int64)
        for part in ("data", "indices", "indptr"):
            group[part] = getattr(matrix, part)


def condition_addresses(files: Files, prefix: str, conditions: Any) -> Optional[str]:
    """The setting `condition` for {name: categories of the samples}, or addresses as they are."""
    if conditions is None or is_address(conditions):
        return None if conditions is None else os.fspath(conditions)
    if not isinstance(conditions, Mapping):
        raise TypeError("conditions is neither an address nor {name: categories}")
    parts: List[str] = []
    for place, (name, categories) in enumerate(conditions.items()):
        parts.append(f"{name}={files.address(f'{prefix}{place}', categories)}")
    return "+".join(parts)
