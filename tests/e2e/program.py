"""Runs the program as a user does, and reads what it writes. Standard library only."""
import json
import os
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEDDLE = os.environ.get("HEDDLE", str(ROOT / "build" / "heddle"))
LONG = bool(os.environ.get("HEDDLE_LONG_TESTS"))


class ProgramTest(unittest.TestCase):
    """A folder of its own for data and output, and `run` to call the program there."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="heddle-e2e-")
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)
        self.out = self.folder / "out"

    def command(self, *arguments, data=None):
        options = ["--data", str(data or self.folder / "data")]
        return [HEDDLE, str(arguments[0]), *map(str, arguments[1:]), *options]

    def environment(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEDDLE_")}
        environment["HEDDLE_MODELS"] = str(ROOT / "models")
        environment["XDG_CONFIG_HOME"] = str(self.folder / "config")
        return environment

    def run_program(self, *arguments, code=0, stdin=None, **options):
        result = subprocess.run(self.command(*arguments), capture_output=True, text=True, input=stdin,
                                env=self.environment(), cwd=self.folder, timeout=600, **options)
        if code is not None:
            self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout}\n{result.stderr}")
        return result

    def run_graph(self, graph, *arguments, **options):
        """Paths of the saved files."""
        result = self.run_program("run", graph, "--out", self.out, "--quiet", *arguments, **options)
        return [Path(line) for line in result.stdout.splitlines() if line]

    def events(self, graph, *arguments, **options):
        result = self.run_program("run", graph, "--out", self.out, "--json", *arguments, **options)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def steps_run(self, graph, *arguments):
        """Node types that were started, sorted."""
        return sorted(e["node"] for e in self.events(graph, *arguments) if e["event"] == "step_started")

    def graph(self, document, name="graph.json"):
        path = self.folder / name
        path.write_text(json.dumps(document))
        return path

    def first_picture(self, **changes):
        document = json.loads((ROOT / "graphs/first_picture.json").read_text())
        for target, value in changes.items():
            step, socket = target[1:].split("_", 1)
            document[step]["inputs"][socket] = value
        return document


def png_pixels(path):
    """(width, height, bytes of RGB rows) of an 8-bit RGB PNG without interlacing."""
    data = Path(path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, compressed, header = 8, b"", None
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        at += 12 + size
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            compressed += body
    width, height, depth, colour = header[:4]
    assert (depth, colour) == (8, 2), header
    return width, height, unfilter(zlib.decompress(compressed), width * 3, height)


def unfilter(raw, stride, height):
    rows, previous = [], bytearray(stride)
    for y in range(height):
        kind = raw[y * (stride + 1)]
        row = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            a = row[x - 3] if x >= 3 else 0
            b = previous[x]
            c = previous[x - 3] if x >= 3 else 0
            row[x] = (row[x] + (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]) & 255
        rows.append(bytes(row))
        previous = row
    return b"".join(rows)


def paeth(a, b, c):
    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c
