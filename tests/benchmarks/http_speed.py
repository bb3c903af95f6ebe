"""How near to a server's own limit: vlmkit and hand-written clients against a server of fixed latency, in one table.

    python -m tests.benchmarks.http_speed --others-python ENVIRONMENT/bin/python

The server works on C requests at once and takes L seconds for each, so that N pictures take N·L/C at best. `busy` is
the time from the first request to the last answer over that ideal; `whole` the whole process, imports and all. The
other clients are left out where no interpreter with aiohttp and openai is named.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Setting:
    pictures: int
    latency_s: float
    at_once: int
    size: tuple

    @property
    def ideal_s(self):
        return self.pictures * self.latency_s / self.at_once


SETTINGS = {
    "small": Setting(1000, 0.05, 32, (320, 240)),
    "slow": Setting(1000, 0.5, 64, (320, 240)),
    "photos": Setting(500, 0.05, 16, (4000, 3000)),
}


def draw(folder, setting):
    """Distinct JPEGs, as equal ones would be asked about once; a photo of 12 megapixels has about 2 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = setting.size
    clouds = Image.effect_noise((width // 64 + 1, height // 64 + 1), 40).resize(setting.size, Image.Resampling.BICUBIC)
    light = Image.linear_gradient("L").resize(setting.size)
    # What a sensor adds is in single pixels: most of a photo's bytes, and gone when it is shrunk.
    grain = Image.effect_noise(setting.size, 4)
    bands = (clouds, light, Image.blend(clouds, light, 0.5))
    picture = Image.merge("RGB", [ImageChops.add(band, grain, offset=-128) for band in bands])
    pen = ImageDraw.Draw(picture)
    for number in range(setting.pictures):
        x, y = number % 40 * 6, number // 40 % 40 * 6
        pen.rectangle((x, y, x + 30, y + 30), fill=(number % 256, 255 - number % 256, number // 4 % 256))
        path = folder / f"{number:05}.jpg"
        if not path.exists():
            picture.save(path, quality=90)


@contextmanager
def serving(setting):
    """Address of a server in a process of its own."""
    command = [sys.executable, str(HERE / "http_server.py"), "--latency", str(setting.latency_s)]
    process = subprocess.Popen([*command, "--at-once", str(setting.at_once)], stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def environment(folder):
    """Every contestant finds its modules compiled, as an installed package's are, also where nothing may be written."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def measure(who, python, setting, folder, workers):
    """One run: ratios to the ideal, CPU and bytes of a picture, peak memory."""
    with serving(setting) as address, tempfile.TemporaryFile("w+") as said:
        command = [python, str(HERE / "http_contestants.py"), who, f"{address}/v1", str(folder), str(workers)]
        start_s = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder.parent,
            env=environment(folder.parent),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        captions = int((process.stdout.read().split() or [0])[-1])
        _, status, usage = os.wait4(process.pid, 0)
        whole_s = time.perf_counter() - start_s
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        with urllib.request.urlopen(f"{address}/stats", timeout=10) as answer:
            stats = json.load(answer)
        if (captions, stats["requests"], process.returncode) != (setting.pictures, setting.pictures, 0):
            said.seek(0)
            message = f"{who}: {captions} captions from {stats['requests']} requests for {setting.pictures} pictures\n"
            raise RuntimeError(message + said.read()[-3000:])
    return {
        "busy": stats["seconds"] / setting.ideal_s,
        "whole": whole_s / setting.ideal_s,
        "cpu_ms": 1000 * (usage.ru_utime + usage.ru_stime) / setting.pictures,
        "sent_kb": stats["size_bytes"] / setting.pictures / 1000,
        "peak_mb": usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2),
    }


def table(results):
    """Markdown: medians of all rounds, by setting and contestant."""
    lines = ["| setting | contestant | busy | whole | CPU ms | sent kB | peak MB |", "|---|---|--:|--:|--:|--:|--:|"]
    for (setting, who), rounds in results.items():
        median = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        lines.append(
            f"| {setting} | {who} | {median['busy']:.3f} | {median['whole']:.2f} | {median['cpu_ms']:.2f} "
            f"| {median['sent_kb']:.0f} | {median['peak_mb']:.0f} |"
        )
    return "\n".join(lines)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", nargs="*", choices=sorted(SETTINGS), default=["small", "slow"])
    parser.add_argument("--pictures", type=int, help="instead of the setting's own number")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--more-workers", type=int, default=0, help="asks in flight beyond what the server works on")
    parser.add_argument("--others-python", help="interpreter of an environment with aiohttp and openai")
    parser.add_argument("--directory", help="keep the pictures there, and use those that are there")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.settings:
            setting = SETTINGS[name]
            if options.pictures:
                setting = Setting(options.pictures, setting.latency_s, setting.at_once, setting.size)
            folder = Path(options.directory or temporary).resolve() / f"{name}-{setting.pictures}"
            draw(folder, setting)
            contestants = [("vlmkit", sys.executable)]
            if options.others_python:
                contestants += [(who, options.others_python) for who in ("aiohttp", "openai_asyncio", "openai_threads")]
            few = Setting(8, 0.01, 8, (320, 240))
            draw(folder.parent / "few", few)
            for who, python in contestants:  # the first run compiles
                measure(who, python, few, folder.parent / "few", 8)
            for number in range(options.rounds):
                for who, python in contestants:
                    found = measure(who, python, setting, folder, setting.at_once + options.more_workers)
                    results.setdefault((name, who), []).append(found)
                    sys.stderr.write(f"round {number + 1}  {name} {who:16} {found['busy']:.3f} {found['whole']:.2f}\n")
    sys.stdout.write(table(results) + "\n")
    return results


if __name__ == "__main__":
    main()
