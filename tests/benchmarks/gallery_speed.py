"""The review gallery on many pictures: until it opens, until the first thumbnail, what travels, what it keeps.

    python -m tests.benchmarks.gallery_speed --pictures 10000
    python -m tests.benchmarks.gallery_speed --pictures 10000 --browser       the same in JupyterLab and Chromium

Without a browser the kernel's side is measured: the messages of a page of twelve cards and of scrolling through a
hundred pages. Photographs are JPEGs of twelve megapixels, each file standing in many rows.
"""

import argparse
import queue
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from tests.benchmarks.normalizer_speed import make_photos
from vlmkit.views.reviewing import review
from vlmkit.widgets.gallery import Gallery

PAGE = 12
PER_MB = 1e6 if sys.platform == "darwin" else 1e3


class Wire:
    """Counts what a face sends, as it would travel."""

    def __init__(self, face):
        self.size_bytes = 0
        self.messages = queue.Queue()
        face.send = self._send

    def _send(self, content, buffers=None):
        self.size_bytes += len(repr(content)) + sum(map(len, buffers or []))
        self.messages.put(content["kind"])

    def wait(self, kind, count=1):
        while count:
            count -= self.messages.get(timeout=120) == kind


def table(paths, pictures):
    """So many rows with captions."""
    rows = [str(paths[row % len(paths)]) for row in range(pictures)]
    captions = pd.array([f"A caption of the usual length, for picture {row}." for row in range(pictures)], "string")
    return pd.DataFrame({"path": rows, "caption": captions})


def measure(frame, pages):
    """Seconds, bytes and memory of one gallery."""
    start_s = time.perf_counter()
    looked = review(frame, "caption", store=False)
    face = Gallery(looked)
    state_bytes = len(repr(face.get_state(["rows", "fields", "tags", "told"])))
    wire = Wire(face)
    face._handle_custom_msg({"kind": "view", "client": "c", "text": ""}, [])
    page(face, wire, 0, thumbnails=1)
    first_s = time.perf_counter() - start_s
    wire.wait("thumbnail", PAGE - 1)
    opened_bytes = state_bytes + wire.size_bytes
    before_bytes = wire.size_bytes
    page_s = []
    # No further than the table goes: a page that was shown before has its thumbnails.
    pages = min(pages, len(frame) // PAGE - 1)
    for number in range(1, pages + 1):
        page_start_s = time.perf_counter()
        page(face, wire, number * PAGE, thumbnails=PAGE)
        page_s.append(time.perf_counter() - page_start_s)
    html = face._static()
    looked.close()
    return {
        "until the first thumbnail, s": first_s,
        "sent for the first page, kB": opened_bytes / 1e3,
        "sent per further page, kB": (wire.size_bytes - before_bytes) / pages / 1e3,
        "per further page, s": statistics.median(page_s),
        "saved in the notebook, kB": len(html) / 1e3,
        "thumbnails kept, MB": looked.thumbnails.size_bytes / 1e6,
        "memory of the process, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MB,
    }


def page(face, wire, first, *, thumbnails):
    """What a front end asks for when it scrolls to a place."""
    rows = list(range(first, first + PAGE))
    face._handle_custom_msg({"kind": "page", "client": "c", "first": first, "last": first + PAGE}, [])
    face._handle_custom_msg({"kind": "thumbnails", "client": "c", "rows": rows}, [])
    wire.wait("thumbnail", thumbnails)


def measure_in_browser(paths, pictures):
    """Seconds from running the cell to a painted page, bytes over the socket, and the saved file."""
    import jupyter_lab

    cell = (
        "import pandas as pd, vlmkit as vk\n"
        f"paths = {[str(path) for path in paths]!r}\n"
        f"frame = pd.DataFrame({{'path': (paths * {pictures})[:{pictures}]}}).assign(caption='A caption.')"
    )
    server, browser = jupyter_lab.Server(), jupyter_lab.Browser()
    received = []
    browser.page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    try:
        path = server.root / "gallery.ipynb"
        jupyter_lab.write_notebook(path, [cell, "frame.vlm.review('caption', store=False)"])
        notebook = jupyter_lab.Notebook(server, browser.page, path).open()
        notebook.run_cell(0)
        before_bytes, start_s = sum(received), time.perf_counter()
        notebook.run_cell(1)
        browser.page.wait_for_function("() => document.querySelector('.vlm-card img')?.naturalWidth > 0")
        first_s = time.perf_counter() - start_s
        browser.page.wait_for_function("() => document.querySelectorAll('.vlm-card img').length >= 6")
        painted_s = time.perf_counter() - start_s
        sent_bytes = sum(received) - before_bytes
        notebook.save()
        return {
            "browser: until the first thumbnail, s": first_s,
            "browser: until all in view, s": painted_s,
            "browser: over the socket, kB": sent_bytes / 1e3,
            "browser: notebook file, kB": path.stat().st_size / 1e3,
        }
    finally:
        browser.close()
        server.close()


def main(arguments=None):
    """Print a table; gives it, too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--size", type=int, nargs=2, default=(4000, 3000))
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--browser", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        paths = make_photos(Path(folder), options.files, tuple(options.size))
        results = measure(table(paths, options.pictures), options.pages)
        if options.browser:
            results |= measure_in_browser(paths, options.pictures)
    for name, value in results.items():
        sys.stdout.write(f"| {name} | {value:.3g} |\n")
    return results


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    main()
