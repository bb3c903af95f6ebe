"""CPU per picture from file to bytes to send: our normalizer against plain Pillow, in turn, in one table.

    python -m tests.benchmarks.normalizer_speed --rounds 5

Plain Pillow opens, resizes and saves with its defaults, as most scripts do; the expert knows `thumbnail`, which
decodes a JPEG at reduced scale. Both turn nothing upright, convert no color profile and refuse no bomb.
"""

import argparse
import statistics
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from vlmkit.sources import Limits, normalize, refer


def photo(seed, size=(4000, 3000)):
    """Something with a photo's spectrum: clouds in clouds, each half as large and half as strong, and some noise."""
    rng = np.random.default_rng(seed)
    total = rng.normal(128, 3.2, (size[1], size[0], 3)).astype(np.float32)
    cells, strength = 4, 48.0
    while cells < size[0] / 2:
        clouds = rng.normal(0, strength, (max(2, cells * 3 // 4), cells, 3)).astype(np.float32)
        for channel in range(3):
            total[..., channel] += Image.fromarray(clouds[..., channel]).resize(size, Image.Resampling.BICUBIC)
        cells, strength = cells * 2, strength / 2
    return Image.fromarray(total.clip(0, 255).astype(np.uint8))


def make_photos(folder, count, size=(4000, 3000)):
    """JPEGs as a camera writes them, with its orientation tag."""
    exif = Image.Exif()
    exif[0x0112] = 1
    paths = [folder / f"photo-{number}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        photo(number, size).save(path, quality=92, exif=exif)
    return paths


def plain(path, longest_side_px):
    """What most scripts do."""
    image = Image.open(path).convert("RGB")
    scale = longest_side_px / max(image.size)
    return saved(image.resize((round(image.width * scale), round(image.height * scale))))


def expert(path, longest_side_px):
    """What those do who know Pillow well."""
    image = Image.open(path)
    image.thumbnail((longest_side_px, longest_side_px))
    return saved(image)


def saved(image):
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def ours(path, longest_side_px, limits=Limits.in_force()):  # noqa: B008  once, as a run does
    """What a run does."""
    return normalize(refer(path), longest_side_px, limits=limits).data


SIDES = {"plain Pillow": plain, "Pillow, thumbnail": expert, "vlmkit": ours}


def measure(paths, longest_side_px, rounds):
    """CPU seconds of each picture in each round, and bytes of each result, by side."""
    seconds, sent_bytes = {name: [] for name in SIDES}, {name: [] for name in SIDES}
    for _ in range(rounds):
        for path in paths:
            for name, side in SIDES.items():
                start_s = time.process_time()
                data = side(path, longest_side_px)
                seconds[name].append(time.process_time() - start_s)
                sent_bytes[name].append(len(data))
    return seconds, sent_bytes


def table(seconds, sent_bytes):
    """Markdown: medians, and the ratio to plain Pillow."""
    base = statistics.median(seconds["plain Pillow"])
    lines = ["| | CPU ms per picture | pictures/s/core | of plain Pillow | kB sent |", "|---|--:|--:|--:|--:|"]
    for name, values in seconds.items():
        median = statistics.median(values)
        figures = f"{median * 1e3:.1f} | {1 / median:.1f} | {median / base:.2f}"
        lines.append(f"| {name} | {figures} | {statistics.mean(sent_bytes[name]) / 1e3:.0f} |")
    return "\n".join(lines)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--longest-side-px", type=int, nargs="*", default=[768])
    parser.add_argument("--size", type=int, nargs=2, default=[4000, 3000])
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        paths = make_photos(Path(temporary), options.pictures, tuple(options.size))
        size_kb = statistics.mean(path.stat().st_size for path in paths) / 1e3
        sys.stdout.write(
            f"{len(paths)} JPEGs of {options.size[0]} × {options.size[1]} pixels, {size_kb:.0f} kB each.\n"
        )
        for longest_side_px in options.longest_side_px:
            results[longest_side_px] = measure(paths, longest_side_px, options.rounds)
            sys.stdout.write(f"\nTo {longest_side_px} px:\n\n{table(*results[longest_side_px])}\n")
    return results


if __name__ == "__main__":
    main()
