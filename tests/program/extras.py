"""What only some machines have: independent readers and peers (scripts/install_deps.sh --extras).
Where one is missing, its tests are skipped with a message, or fail when HOURGLASS_EXTRAS=1."""
import importlib
import os
import sys

WANTED = os.environ.get("HOURGLASS_EXTRAS") == "1"


def need(*names):
    """The modules of these names, without which the whole test program has nothing to test."""
    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as error:
        need_extra(False, f"module {error.name}")


def need_extra(present, what):
    """Ends the test program unless `what` is here."""
    if not present:
        print(f"skipped: {missing(what)}")
        sys.exit(1 if WANTED else 77)


def need_for(test, present, what):
    """Ends one case of a test unless `what` is here."""
    if not present:
        if WANTED:
            test.fail(missing(what))
        test.skipTest(missing(what))


def missing(what):
    return f"no {what}; scripts/install_deps.sh --extras installs it"
