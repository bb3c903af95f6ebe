"""How often the intervals of `vk.estimate` hold what the whole run then takes: they say nine times in ten.

    python -m tests.benchmarks.estimate_coverage --trials 20

One server on loopback whose latencies are noisy, and the bundled model in this process; each trial estimates from 16
rows, drawn anew, and then asks all rows, without a store.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw

import vlmkit as vk
from tests.support.scripted_server import ScriptedServer, chat

SPREADS = {"even": lambda draw: draw.uniform(0.2, 0.6), "skewed": lambda draw: 0.3 * draw.lognormvariate(0, 0.6)}


def photos(folder, rows):
    """Pictures that differ, so that none is answered as another was."""
    paths = []
    for number in range(rows):
        image = Image.new("RGB", (48 + number % 7, 48), ((number * 37) % 256, (number * 91) % 256, 90))
        ImageDraw.Draw(image).text((5, 5), str(number), fill="white")
        paths.append(str(Path(folder, f"p{number:03d}.png")))
        image.save(paths[-1])
    return pd.DataFrame({"path": paths})


def is_held(frame, model, seed, workers):
    """Whether the time of one whole run is inside of one estimate, and the ratio of likely to true time."""
    options = {"model": model, "store": False, "progress": False, "workers": workers}
    said = vk.estimate(frame, "What is it?", seed=seed, **options).seconds
    start_s = time.monotonic()
    vk.describe(frame, "What is it?", **options)
    took_s = time.monotonic() - start_s
    return said.low <= took_s <= said.high, said.likely / took_s


def against_a_server(folder, trials, rows, spread, workers=8):
    """Trials against a server whose answers take a time drawn by `spread`."""
    draw = random.Random(1)

    def answer(_):
        return [SPREADS[spread](draw), chat()]

    routes = {"/v1/models": chat()}
    frame = photos(folder, rows)
    with ScriptedServer(answer, routes=routes) as server:
        return [is_held(frame, f"openai:m@{server.url}", seed, workers) for seed in range(trials)]


def in_process(folder, trials, rows):
    """Trials with the bundled model."""
    frame = photos(folder, rows)
    vk.describe(frame.head(2), "What is it?", model="tiny", store=False, progress=False)
    return [is_held(frame, "tiny", seed, None) for seed in range(trials)]


def report(name, found):
    """One line a contest."""
    ratios = sorted(ratio for _, ratio in found)
    held = sum(inside for inside, _ in found)
    return f"{name:<16} held {held} of {len(found)}; likely over true: median {ratios[len(ratios) // 2]:.2f}"


def main(arguments=None):
    """Print how often each held; gives it, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--rows", type=int, default=120)
    parser.add_argument("--only", choices=["server", "tiny"])
    chosen = parser.parse_args(arguments)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        if chosen.only != "tiny":
            for spread in SPREADS:
                results[f"server, {spread}"] = against_a_server(folder, chosen.trials, chosen.rows, spread)
        if chosen.only != "server":
            results["tiny in process"] = in_process(folder, chosen.trials, chosen.rows)
    for name, found in results.items():
        sys.stdout.write(report(name, found) + "\n")
    return results


if __name__ == "__main__":
    main()
