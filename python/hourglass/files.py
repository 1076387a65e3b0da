"""Files of the program: configurations, metrics, samples, descriptions of training data."""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import h5py

from .activations import Array

PathLike = Union[str, "os.PathLike[str]"]


def parse_configuration(text: str) -> Dict[str, str]:
    """The settings of a configuration text or config.cfg as a dict from name to text; names are
    unique over all sections."""
    settings = {}
    for line in text.splitlines():
        line = line.strip()
        if line and line[0] not in "#;[":
            name, _, value = line.partition("=")
            settings[name.strip()] = value.strip()
    return settings


def read_metrics(run: PathLike, kind: Optional[str] = None) -> List[Dict[str, Any]]:
    """The records of a run's metrics.jsonl, all or of one kind ("step", "epoch"). A last line still
    being written is left out."""
    lines = (Path(run) / "metrics.jsonl").read_text().split("\n")[:-1]
    records = [json.loads(line) for line in lines]
    return [record for record in records if kind is None or record["kind"] == kind]


def read_rows(address: str, rows: Any = slice(None)) -> Array:
    """Rows of the data set FILE.h5:/path as they are stored."""
    file, _, path = address.rpartition(":")
    with h5py.File(file, "r") as source:
        return source[path][rows]


def stored_text(group: Any, name: str) -> str:
    """A text of a model file: an attribute, or a data set when it is long."""
    value = group.attrs[name] if name in group.attrs else group[name][()]
    return value.decode() if isinstance(value, bytes) else str(value)


def data_identity(group: Any) -> Dict[str, Any]:
    """What the model remembers of its training data: {} for files written before 0.2."""

    def text(name: str) -> str:
        return stored_text(group, name)

    if "data_version" not in group.attrs:
        return {}
    shape = text("data_shape") if "data_shape" in group.attrs else ""
    data: Dict[str, Any] = {
        "type": text("data_type"),
        "shape": tuple(int(extent) for extent in shape.split("x") if extent),
        "normalize": text("data_normalize"),
        "units": text("data_units") if "data_units" in group.attrs else "",
        "feature_names": [],
    }
    if "data_range" in group.attrs:
        data["range"] = tuple(map(float, text("data_range").split()))
        data["whole"] = text("data_whole_numbers") == "true"
    if "feature_names" in group.attrs or "feature_names" in group:
        data["feature_names"] = text("feature_names").split("\n")
    return data


def parse_conditions(text: str) -> List[Tuple[str, List[str]]]:
    """Conditions as a model file holds them: [(name, [category, ...]), ...]."""
    data, place = text.encode(), 0
    found: List[Tuple[str, List[str]]] = []

    def number(end: bytes) -> int:
        nonlocal place
        stop = data.index(end, place)
        value, place = int(data[place:stop]), stop + 1
        return value

    def item() -> str:
        nonlocal place
        size = number(b":")
        place += size + 1
        return data[place - size - 1 : place - 1].decode()

    while place < len(data):
        name = item()
        found.append((name, [item() for _ in range(number(b"\n"))]))
    return found
