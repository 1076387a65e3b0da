"""--tensorboard and metrics.csv: what is written reads back, by readers of their own, as the
metrics say."""
import csv
import struct
import unittest
import zlib

import h5py
import numpy as np

from support import ProgramTest, checkpoints, read_metrics


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def records(path):
    """The contents of a TFRecord file, every checksum verified."""
    data = path.read_bytes()

    def check(part, stored):
        crc = crc32c(part)
        assert (
            (crc >> 15 | crc << 17) + 0xA282EAD8
        ) & 0xFFFFFFFF == stored, f"{path}: a checksum is wrong"

    place = 0
    while place < len(data):
        (length,) = struct.unpack("<Q", data[place : place + 8])
        check(data[place : place + 8], struct.unpack("<I", data[place + 8 : place + 12])[0])
        content = data[place + 12 : place + 12 + length]
        check(content, struct.unpack("<I", data[place + 12 + length : place + 16 + length])[0])
        yield content
        place += 16 + length


def fields(message):
    """number -> values of a message of Protocol Buffers; those of nested messages stay bytes."""
    found, place = {}, 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            value = varint()
        elif kind == 1:
            (value,) = struct.unpack("<d", message[place : place + 8])
            place += 8
        elif kind == 5:
            (value,) = struct.unpack("<f", message[place : place + 4])
            place += 4
        else:
            length = varint()
            value = message[place : place + length]
            place += length
        found.setdefault(number, []).append(value)
    return found


def doubles(packed):
    return np.frombuffer(packed, "<f8")


def png_pixels(data):
    """Size and values of a grey PNG without interlacing."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, packed = 8, b""
    while place < len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        if name == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", content[:10])
            assert (depth, color) == (8, 0)
        packed += content if name == b"IDAT" else b""
        place += 12 + length
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width + 1)
    return height, width, rows


class TensorboardTest(ProgramTest):
    SETTINGS = [
        "--layers",
        "25,8,3",
        "--batch",
        32,
        "--micro-batch",
        8,
        "--log-every",
        2,
        "--epochs",
        3,
        "--learning-rate",
        "1e-2",
    ]

    def events(self, folder):
        """(step, tag) -> value of all files, in the order of their names; the steps at which a run
        says that it begins again."""
        values, starts = {}, []
        for path in sorted((folder / "tensorboard").glob("events.out.tfevents.*")):
            contents = [fields(content) for content in records(path)]
            self.assertEqual(contents[0][3], [b"brain.Event:2"])
            for event in contents[1:]:
                step = event.get(2, [0])[0]
                if 7 in event:
                    starts.append(step)
                for summary in event.get(5, []):
                    for value in fields(summary).get(1, []):
                        value = fields(value)
                        values[step, value[1][0].decode()] = value
        return values, starts

    def test_events_say_what_the_metrics_say(self):
        data = self.make_data(features=25)
        self.train(
            "run",
            "--data",
            f"{data}:/train/samples",
            "--validation",
            f"{data}:/test/samples",
            *self.SETTINGS,
            "--tensorboard",
            ranks=2,
        )
        values, starts = self.events(self.folder / "run")
        self.assertEqual(starts, [])
        for record in read_metrics(self.folder / "run"):
            for name in ("loss", "sse", "learning_rate", "gradient_norm", "validation_sse"):
                if record[name] is not None:
                    found = values[record["step"], f"{record['kind']}/{name}"][2][0]
                    self.assertAlmostEqual(found, record[name], delta=1e-6 * abs(record[name]))
        last = max(step for step, _ in values)
        with h5py.File(self.folder / "run/model.h5") as file:
            for name in ("encoder/0/weight", "decoder/1/bias"):
                self.check_histogram(
                    values[last, f"parameters/{name}"], file["model"][name][()].ravel()
                )
        self.success(
            "encode",
            "--model",
            self.folder / "run/model.h5",
            "--data",
            f"{data}:/test/samples",
            "--output",
            self.folder / "codes.h5",
        )
        with h5py.File(self.folder / "codes.h5") as file:
            self.check_histogram(values[last, "codes"], file["codes"][()].ravel())
        picture = fields(values[last, "samples above reconstructions"][4][0])
        height, width, rows = png_pixels(picture[4][0])
        self.assertEqual((height, width), (11, 8 * 6 - 1))
        self.assertEqual((picture[1][0], picture[2][0], picture[3][0]), (height, width, 1))

    def check_histogram(self, value, expected):
        histogram = fields(value[5][0])
        self.assertEqual(histogram[3], [len(expected)])
        np.testing.assert_allclose(
            [histogram[1][0], histogram[2][0], histogram[4][0], histogram[5][0]],
            [
                expected.min(),
                expected.max(),
                expected.sum(dtype=float),
                np.sum(expected.astype(float) ** 2),
            ],
            rtol=1e-4,
            atol=1e-6,
        )
        limits, counts = doubles(histogram[6][0]), doubles(histogram[7][0])
        self.assertEqual(len(limits), len(counts))
        self.assertEqual(counts.sum(), len(expected))
        self.assertTrue((np.diff(limits) > 0).all())
        self.assertLessEqual(
            abs(np.searchsorted(np.sort(expected), limits[14], "right") - counts[:15].sum()), 1
        )

    def test_a_resumed_run_says_where_it_goes_on(self):
        data = self.make_data(features=25)
        self.train(
            "run",
            "--data",
            f"{data}:/train/samples",
            *self.SETTINGS,
            "--tensorboard",
            "--checkpoint-every",
            "2steps",
            "--keep",
            100,
        )
        folder = self.folder / "run"
        table = (folder / "metrics.csv").read_text().splitlines()
        for step, path in checkpoints(folder).items():
            if step > 6:
                path.unlink()
        self.success("train", "--resume", folder)
        _, starts = self.events(folder)
        self.assertEqual(starts, [7])
        timeless = [
            [
                cell
                for name, cell in zip(table[0].split(","), line.split(","))
                if not name.startswith(("seconds", "samples_per", "resident"))
            ]
            for text in (table, (folder / "metrics.csv").read_text().splitlines())
            for line in text
        ]
        self.assertEqual(timeless[: len(table)], timeless[len(table) :])

    def test_metrics_csv_is_metrics_jsonl(self):
        data = self.make_data(features=25)
        self.train("run", "--data", f"{data}:/train/samples", *self.SETTINGS)
        self.assertFalse((self.folder / "run/tensorboard").exists())
        with open(self.folder / "run/metrics.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        expected = read_metrics(self.folder / "run")
        self.assertEqual(len(rows), len(expected))
        for row, record in zip(rows, expected):
            self.assertEqual(list(row), list(record))
            for name, value in record.items():
                self.assertEqual(
                    row[name],
                    "" if value is None else value if isinstance(value, str) else row[name],
                )
                if isinstance(value, (int, float)):
                    self.assertEqual(float(row[name]), value)


if __name__ == "__main__":
    unittest.main()
