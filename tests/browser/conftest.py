"""One JupyterLab and one Chromium for all browser tests; each test gets a notebook of its own.

    def test_something(lab):
        notebook = lab(["import vlmkit as vk", "vk.read_images('photos')"])
        assert notebook.run_all()
        notebook.page.get_by_role("button", name="Stop").click()

After each test the page must have reported no error and asked no other address for anything.
"""

import importlib.util
import os
from itertools import count
from pathlib import Path

import jupyter_lab
import pytest

HERE = Path(__file__).parent
# What JupyterLab itself says when a page is left while its kernel's socket is open, or a kernel is restarted.
_OWN_NOISE = (
    *("WebSocket", "favicon", "net::ERR_ABORTED", "Failed to load resource", "Failed to fetch"),
    *("Kernel", "Canceled future"),
)

_shared = {}
_numbers = count(1)


def pytest_collection_modifyitems(items):
    """Everything in this folder is a browser test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Close with the last test of the folder: while Playwright runs, no other test could use an event loop."""
    yield
    if nextitem is None or HERE not in nextitem.path.parents:
        for name in list(_shared):
            _shared.pop(name).close()


def _missing():
    if jupyter_lab.CHROMIUM is None:
        return "there is no Chromium: apt-get install chromium"
    absent = [name for name in ("playwright", "jupyterlab") if importlib.util.find_spec(name) is None]
    return f"{' and '.join(absent)} not installed: pip install 'vlmkit[dev]'" if absent else None


def _one(name, make):
    reason = _missing()
    if reason and os.environ.get("VLMKIT_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    if name not in _shared:
        _shared[name] = make()
    return _shared[name]


@pytest.fixture
def browser():
    """The running Chromium: `page`, and the `errors` and `addresses` of this test so far."""
    running = _one("browser", jupyter_lab.Browser)
    running.errors.clear()
    running.addresses.clear()
    yield running
    running.page.goto("about:blank")


@pytest.fixture
def page(browser):
    """Chromium's page."""
    return browser.page


@pytest.fixture
def lab(browser):
    """Open a notebook with these cells in JupyterLab; gives a `jupyter_lab.Notebook`."""
    server = _one("server", jupyter_lab.Server)
    opened = []

    def open_notebook(sources, name=None):
        path = server.root / (name or f"notebook{next(_numbers)}.ipynb")
        jupyter_lab.write_notebook(path, sources)
        opened.append(jupyter_lab.Notebook(server, browser.page, path).open())
        return opened[-1]

    yield open_notebook
    browser.page.goto("about:blank")
    server.end_kernels()
    errors = [text for text in browser.errors if not any(noise in text for noise in _OWN_NOISE)]
    assert errors == [], "the page reported errors"
    outside = [url for url in browser.addresses if not url.startswith((server.url, "data:", "blob:", "about:"))]
    assert outside == [], "the page asked another address"


@pytest.fixture
def screenshot(page):
    """Keep a picture of the page, or of one element, for people: ``screenshot("gallery", element)``."""
    jupyter_lab.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return lambda name, element=None: (element or page).screenshot(path=jupyter_lab.SCREENSHOTS / f"{name}.png")
