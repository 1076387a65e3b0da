"""Images side by side as a grey PNG, with the standard library alone."""
import struct
import zlib

import numpy as np


def write_sheet(path, images, columns):
    """`images` is N x H x W in [0, 1]; rows of `columns` images, a light line between them."""
    count, height, width = images.shape
    rows = (count + columns - 1) // columns
    sheet = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), 200, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + 1) + 1, i % columns * (width + 1) + 1
        sheet[top : top + height, left : left + width] = np.clip(np.rint(image * 255), 0, 255)

    def chunk(name, content):
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    lines = b"".join(b"\0" + line.tobytes() for line in sheet)
    header = struct.pack(">IIBBBBB", sheet.shape[1], sheet.shape[0], 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(lines, 9))
            + chunk(b"IEND", b"")
        )
