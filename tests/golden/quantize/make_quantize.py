"""What Pillow makes of a small picture in few colours: python make_quantize.py (Pillow 13, numpy, safetensors)."""
import math

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

SIZE, COLOURS, ORDERS = (20, 24), (1, 2, 5, 16, 256), (2, 4, 8, 16)


def picture():
    """Two slopes and noise that needs no generator."""
    y, x = np.mgrid[0:SIZE[0], 0:SIZE[1]]
    noise = (y * 7919 + x * 104729) % 61
    return np.stack([x * 10 + noise // 8, y * 12, (x * y + noise * 2) % 256], -1).astype(np.uint8)


def pattern(levels):
    if levels == 0:
        return np.zeros((1, 1), np.float32)
    cells = 4**levels
    inner = cells * pattern(levels - 1)
    return np.block([[inner - 1.5, inner + 0.5], [inner + 1.5, inner - 0.5]]) / cells


def bayer(pixels, palette, order):
    spread = 2 * 256 / (len(palette.getpalette()) // 3)
    steps = spread * pattern(int(math.log2(order))) + 0.5
    steps = np.tile(steps, [math.ceil(side / order) for side in SIZE])[: SIZE[0], : SIZE[1], None]
    changed = np.clip(pixels.astype(np.float32) + steps, 0, 255).astype(np.uint8)
    return Image.fromarray(changed).quantize(palette=palette, dither=Image.Dither.NONE)


def main():
    pixels = picture()
    image = Image.fromarray(pixels)
    out = {"picture": pixels}
    for colours in COLOURS:
        palette = image.quantize(colors=colours)
        for name, dither in (("none", Image.Dither.NONE), ("floyd-steinberg", Image.Dither.FLOYDSTEINBERG)):
            out[f"{name}/{colours}"] = np.array(image.quantize(palette=palette, dither=dither).convert("RGB"))
        for order in ORDERS:
            out[f"bayer-{order}/{colours}"] = np.array(bayer(pixels, palette, order).convert("RGB"))
    save_file(out, "quantize.safetensors")


main()
