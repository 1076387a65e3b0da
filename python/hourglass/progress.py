"""Progress of a training: a bar where tqdm is installed, else lines."""
from __future__ import annotations

import sys
from typing import Any, Dict, Optional


class _Lines:
    """What is used of tqdm, for terminals without it."""

    def __init__(self, total: Optional[int], desc: str) -> None:
        self.total, self.desc, self.n, self._text = total, desc, 0, ""

    def set_postfix(self, values: Dict[str, Any], refresh: bool = True) -> None:
        self._text = "  ".join(f"{name} {value}" for name, value in values.items())

    def update(self, count: int = 1) -> None:
        self.n += count
        of = f"/{self.total}" if self.total else ""
        print(f"{self.desc}: epoch {self.n}{of}  {self._text}", file=sys.stderr)

    def close(self) -> None:
        pass


def bar(total: Optional[int], title: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Lines(total, title)
    return tqdm(total=total, desc=title, unit="epoch")


def show(shown: Any, record: Dict[str, Any]) -> None:
    """Adds an epoch's record of metrics.jsonl to a bar."""
    figures = {"loss": f"{record['loss']:.6g}"}
    if record.get("validation_sse") is not None:
        figures["validation_sse"] = f"{record['validation_sse']:.6g}"
    shown.set_postfix(figures, refresh=False)
    shown.update(1)
