"""A real JupyterLab and a real Chromium for tests: one of each for all of them, closed with the last."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

PATIENCE_S = 90  # of a machine three times slower, and busy
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCREENSHOTS = Path(__file__).resolve().parents[2] / "artifacts" / "screenshots"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
_SETTINGS = {
    # Every cell is in the document, not only those that are scrolled to.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
_IDLE = """() => {
    const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
    return kernel && kernel.status === 'idle' && kernel.connectionStatus === 'connected';
}"""


class Server:
    """JupyterLab on a free port, in a home of its own."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="vlmkit-lab-"))
        self.root = self.folder / "root"
        self.root.mkdir()
        for plugin, values in _SETTINGS.items():
            path = self.folder / "settings" / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        self.token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self._log = (self.folder / "log").open("w")
        self._process = subprocess.Popen(self._command(), stdout=self._log, stderr=self._log, env=self._environment())
        self._wait()

    def _command(self):
        return [
            *(sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1"),
            *(f"--port={self.url.rpartition(':')[2]}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"),
            *("--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None", "--ServerApp.terminals_enabled=False"),
        ]

    def _environment(self):
        folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
        folders |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "work", "IPYTHONDIR": "ipython"}
        store = {"VLMKIT_STORE": str(self.folder / "store.sqlite")}
        return os.environ | {name: str(self.folder / folder) for name, folder in folders.items()} | store

    def _wait(self):
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s and self._process.poll() is None:
            try:
                self._ask("GET", "status")
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.close()
        raise RuntimeError("JupyterLab did not start")

    def end_kernels(self):
        """Shut down every kernel, whatever the page shows by now."""
        for kernel in json.loads(self._ask("GET", "kernels")):
            self._ask("DELETE", f"kernels/{kernel['id']}")

    def _ask(self, method, what):
        request = urllib.request.Request(f"{self.url}/api/{what}?token={self.token}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read()

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Browser:
    """Chromium with one page, which remembers what went wrong in it and where it wanted to go."""

    def __init__(self):
        from playwright.sync_api import sync_playwright

        self._profile = tempfile.mkdtemp(prefix="vlmkit-chromium-")
        self._playwright = sync_playwright().start()
        self.context = self._playwright.chromium.launch_persistent_context(
            self._profile,
            executable_path=CHROMIUM,
            headless=True,
            args=_FLAGS,
            viewport={"width": 1400, "height": 1000},
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.page = self.context.pages[0]
        self.errors, self.addresses = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("request", lambda request: self.addresses.append(request.url))

    def close(self):
        self.context.close()
        self._playwright.stop()
        shutil.rmtree(self._profile, ignore_errors=True)


@dataclass
class Notebook:
    """One notebook, open in the page, with a kernel of its own."""

    server: Server
    page: object
    path: Path
    name: str = field(init=False)

    def __post_init__(self):
        self.name = self.path.name

    def open(self):
        """Go there and wait for the kernel; a page that was elsewhere forgets its layout."""
        address = f"{self.server.url}/lab/tree/{self.name}?token={self.server.token}&reset"
        self.page.goto(address, wait_until="domcontentloaded")
        self.page.wait_for_function(_IDLE)
        return self

    def command(self, name, arguments=None):
        """Execute one of JupyterLab's commands; gives what it gives."""
        return self.page.evaluate(
            "async ([name, given]) => await window.jupyterapp.commands.execute(name, given)", [name, arguments or {}]
        )

    def run_all(self):
        """Run all cells; False if one raised, whose outputs are printed."""
        well = self.command("notebook:run-all-cells")
        if not well:
            sys.stdout.write("\n".join(self.text(index) for index in range(self.cells())))
        return well

    def run_cell(self, index):
        """Run one cell; False if it raised."""
        self.page.evaluate("index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index }", index)
        return self.command("notebook:run-cell")

    def restart_kernel(self):
        """A new kernel, that knows nothing."""
        self.page.evaluate("async () => await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        self.page.wait_for_function(_IDLE)

    def cells(self):
        """How many cells there are."""
        return self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")

    def output(self, index):
        """Locator of one cell's output."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-OutputArea")

    def text(self, index):
        """Text of one cell's output."""
        return self.output(index).inner_text()

    def use_theme(self, name):
        """Change to JupyterLab Light or JupyterLab Dark, and wait until the loading screen is gone.

        JupyterLab takes its loading screen away 0.2 s after each change without looking whether it is still there, so
        a second change within that time ends in a page error, also in an empty notebook.
        """
        self.command("apputils:change-theme", {"theme": name})
        light = "false" if name.endswith("Dark") else "true"
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light && !document.getElementById('jupyterlab-splash')",
            arg=light,
        )

    def save(self):
        """Save; gives the file as it is read back."""
        self.command("docmanager:save")
        return nbformat.read(self.path, 4)


def write_notebook(path, sources):
    """A notebook with these cells, none of them run."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
