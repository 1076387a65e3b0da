"""Builds the wheel and the source archive of this folder, by PEP 517 and 660, with Python alone:
`pip install ./python` works without a network and without setuptools. The same sources give the
same bytes."""
import base64
import hashlib
import io
import os
import re
import tarfile
import zipfile
from pathlib import Path

try:
    import tomllib
except ImportError:  # before Python 3.11; pip installs it then
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent
TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file can hold


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def version():
    text = (ROOT / "hourglass/__init__.py").read_text()
    return re.search(r'^__version__ = "([^"]+)"', text, re.M)[1]


def metadata():
    """The file METADATA of a wheel, PKG-INFO of a source archive."""
    about = project()
    lines = ["Metadata-Version: 2.1", f"Name: {about['name']}", f"Version: {version()}"]
    lines += [f"Summary: {about['description']}", f"License: {about['license']['text']}"]
    lines += [f"Requires-Python: {about['requires-python']}"]
    lines += [f"Requires-Dist: {name}" for name in about["dependencies"]]
    for extra, names in about["optional-dependencies"].items():
        lines += [f"Provides-Extra: {extra}"]
        lines += [f'Requires-Dist: {name}; extra == "{extra}"' for name in names]
    lines += ["Description-Content-Type: text/markdown", ""]
    return "\n".join(lines) + "\n" + (ROOT / about["readme"]).read_text()


def sources():
    files = [*(ROOT / "hourglass").rglob("*.py"), ROOT / "hourglass/py.typed"]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(files)}


def write_wheel(folder, files):
    name = f"{project()['name']}-{version()}"
    wheel = "Wheel-Version: 1.0\nGenerator: hourglass\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        **files,
        f"{name}.dist-info/METADATA": metadata().encode(),
        f"{name}.dist-info/WHEEL": wheel.encode(),
    }
    record = ""
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    files[f"{name}.dist-info/RECORD"] = (record + f"{name}.dist-info/RECORD,,\n").encode()
    target = Path(folder) / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, TIME)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, sources())


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, {"__editable__.hourglass.pth": f"{ROOT}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    name = f"{project()['name']}-{version()}"
    files = sources()
    for path in ("pyproject.toml", "build_backend.py", "README.md"):
        files[path] = (ROOT / path).read_bytes()
    files["PKG-INFO"] = metadata().encode()
    target = Path(sdist_directory) / f"{name}.tar.gz"
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))
    with tarfile.open(target, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mtime, entry.mode = len(content), epoch, 0o644
            archive.addfile(entry, io.BytesIO(content))
    return target.name
