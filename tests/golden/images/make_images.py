"""Makes the pictures beside it and expected.json. Needs Pillow and numpy."""

import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
PARAMETERS = "a café, 家\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, Seed: 1"
PROMPT = {"3": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615}}}
WORKFLOW = {"nodes": [], "links": []}


def waves(width, height, channels, phase=0.0):
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin(x / (2 + i) + y / (3 + i) + phase) for i in range(channels)]
    return np.stack(planes, 2).astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def interlaced_png(pixels):
    height, width, _ = pixels.shape
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x, y, step_x, step_y in passes:
        part = pixels[y::step_y, x::step_x]
        if part.size:
            raw += b"".join(b"\0" + row.tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def user_comment(order):
    """An EXIF block with nothing but a UserComment; struct's < or >."""
    comment = b"UNICODE\0" + PARAMETERS.encode("utf-16-le" if order == "<" else "utf-16-be")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
    second = struct.pack(order + "HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    return b"Exif\0\0" + head + first + second + comment


def save(name, image, **options):
    image.save(HERE / name, **options)


def make():
    palette = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4) % 4, "P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 99, 199])
    save("palette_transparent.png", palette, transparency=bytes([0, 128, 255]), bits=2)
    save("grey16.png", Image.fromarray((np.arange(12, dtype=np.uint16) * 5461).reshape(3, 4)))
    save("grey1.png", Image.fromarray(waves(11, 3, 1)[:, :, 0]).convert("1"))
    (HERE / "interlaced.png").write_bytes(interlaced_png(waves(9, 6, 3)))
    save("cmyk.jpg", Image.fromarray(waves(9, 8, 4), "CMYK"))
    save("progressive.jpg", Image.fromarray(waves(9, 8, 3)), progressive=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("rotated.jpg", Image.fromarray(waves(10, 4, 3)), exif=exif)
    frames = [waves(8, 6, 4) for _ in range(3)]
    for i, frame in enumerate(frames):
        frame[1:3, 2:5] = 80 * i
    images = [Image.fromarray(frame) for frame in frames]
    save("animated.webp", images[0], save_all=True, append_images=images[1:], lossless=True, minimize_size=True)
    save("lossy_alpha.webp", Image.fromarray(waves(9, 8, 4)))
    save("a1111_big_endian.jpg", Image.fromarray(waves(8, 8, 3)), exif=user_comment(">"))
    save("a1111_little_endian.jpg", Image.fromarray(waves(8, 8, 3)), exif=user_comment("<"))
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + json.dumps(PROMPT)
    exif[0x010F] = "workflow:" + json.dumps(WORKFLOW)
    save("comfyui.webp", Image.fromarray(waves(8, 8, 3)), exif=exif)
    exif = Image.Exif()
    exif[0x010E] = "Workflow: " + json.dumps(WORKFLOW)
    save("described.jpg", Image.fromarray(waves(8, 8, 3)), exif=exif)


def pixels_of(path):
    image = Image.open(path)
    frames = []
    for k in range(getattr(image, "n_frames", 1)):
        image.seek(k)
        frame = ImageOps.exif_transpose(image)
        deep = frame.mode.startswith("I;16")
        if deep:
            values = np.repeat(np.array(frame)[:, :, None], 3, 2)
        else:
            transparent = "A" in frame.getbands() or "transparency" in frame.info
            values = np.array(frame.convert("RGBA" if transparent else "RGB"))
        height, width, channels = values.shape
        frames.append({"width": width, "height": height, "channels": channels, "depth": 16 if deep else 8,
                       "pixels": values.flatten().tolist()})
    return frames


make()
names = sorted(p.name for p in HERE.iterdir() if p.suffix in (".png", ".jpg", ".webp"))
lines = [f'  "{name}": {json.dumps(pixels_of(HERE / name))}' for name in names]
(HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
