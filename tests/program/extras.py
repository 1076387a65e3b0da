"""What only some machines have: independent readers and peers (scripts/install_deps.sh
--extras)."""
import importlib
import os
import sys


def need(*names):
    """The modules of these names. Where one is missing the test is skipped, or fails when
    HOURGLASS_EXTRAS=1."""
    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as error:
        print(f"skipped: {error}; scripts/install_deps.sh --extras installs it")
        sys.exit(1 if os.environ.get("HOURGLASS_EXTRAS") == "1" else 77)


def need_extra(present, what):
    """The same for anything else: ends the test program unless `what` is here."""
    if not present:
        print(f"skipped: no {what}; scripts/install_deps.sh --extras installs it")
        sys.exit(1 if os.environ.get("HOURGLASS_EXTRAS") == "1" else 77)
