"""What the tests of import share: values in files of every kind."""
import base64
import struct
import zlib

import numpy as np

from support import ProgramTest

# 16 x 16 pixels, grey, brighter from left to right.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywt"
    "QFdBRkxOUlNSMj5aYVpQYEpRUk//wAALCAAQABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QA"
    "tRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0"
    "NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2"
    "t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AOB0/tXUaf2rl9P7V1Gn9q//"
    "2Q=="
)


def png(pixels):
    """A PNG file of H x W or H x W x C uint8."""
    height, width = pixels.shape[:2]
    kind = {1: 0, 3: 2, 4: 6}[pixels.size // height // width]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(name, content):
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pgm(pixels):
    return b"P5 %d %d 255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


class ImporterTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.random = np.random.default_rng(5)
        self.values = self.random.normal(size=(301, 4)).astype(np.float32)
        self.output = self.folder / "out.h5"

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def csv(self, name="t.csv", kinds=("eel", "cat", "dog")):
        lines = [
            ",".join([*(repr(float(v)) for v in row), kinds[i % len(kinds)]])
            for i, row in enumerate(self.values)
        ]
        return self.write(name, "a,b,c,d,kind\n" + "\n".join(lines) + "\n")
