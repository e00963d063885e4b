"""Small pictures of every kind that is read, and what Pillow and torchvision make of them: tests/pictures/.

usage: V/bin/python scripts/make_picture_values.py tests/pictures      (Pillow 13.0.0, torchvision 0.24.1)

values.json holds, for every picture, the square in the middle (`Resize(floor(side * 256 / 224))`, `CenterCrop(side)`) and the
whole picture stretched to a square, as planes R, G, B in hexadecimal, for one side that reduces the pictures and one that enlarges them.
"""
import json
import math
import os
import sys

import numpy as np
from PIL import Image
from torchvision import transforms

WIDTH, HEIGHT, SIDES = 23, 15, [7, 16]


def scene():
    """Smooth colours with a dark square, so that JPEG keeps them."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = [127 + 100 * np.cos(x / 7 + c) * np.sin(y / 5 + 2 * c) for c in range(3)]
    picture = np.stack(waves, 2)
    picture[4:8, 10:16] /= 3
    return picture.round().clip(0, 255).astype(np.uint8)


def pictures(folder):
    """Writes the pictures; (name, what a reader of eight-bit colours sees)."""
    rgb = Image.fromarray(scene())
    grey = rgb.convert("L")
    alpha = rgb.copy()
    alpha.putalpha(Image.fromarray((np.arange(WIDTH * HEIGHT) % 256).astype(np.uint8).reshape(HEIGHT, WIDTH)))
    palette = rgb.quantize(16)
    wide = np.asarray(grey).astype(np.uint16) * 256 + 77
    kinds = [("rgb.png", rgb, {}), ("grey.png", grey, {}), ("rgba.png", alpha, {}), ("palette.png", palette, {}),
             ("rgb.jpg", rgb, {"quality": 90}), ("full.jpg", rgb, {"quality": 95, "subsampling": 0}),
             ("progressive.jpg", rgb, {"quality": 90, "progressive": True}), ("grey.jpg", grey, {"quality": 90}),
             ("cmyk.jpg", rgb.convert("CMYK"), {"quality": 95})]
    for name, picture, options in kinds:
        path = os.path.join(folder, name)
        picture.save(path, **options)
        yield name, Image.open(path).convert("RGB")
    Image.fromarray(wide).save(os.path.join(folder, "grey16.png"))
    yield "grey16.png", grey.convert("RGB")


def planes(picture):
    return np.asarray(picture).transpose(2, 0, 1).tobytes().hex()


def main(folder):
    records = []
    for name, picture in pictures(folder):
        for side in SIDES:
            middle = transforms.Compose([transforms.Resize(math.floor(side * 256 / 224)), transforms.CenterCrop(side)])
            stretched = transforms.Resize((side, side))
            records.append({"file": name, "side": side, "middle": planes(middle(picture)), "stretched": planes(stretched(picture))})
    with open(os.path.join(folder, "values.json"), "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in records) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
