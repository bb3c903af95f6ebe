"""mlx_vlm's own server with the bundled model: a stranger's program that speaks OpenAI's dialect, on loopback.

As a command it is the server, with the fast BLAS that vlmkit puts in before mlx; `running` starts that command.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "vlmkit" / "tiny" / "weights"
START_S = 120


@contextmanager
def running(log):
    """Base address of a server that is ready; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "--host", "127.0.0.1", "--port", str(port), "--model", str(WEIGHTS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    with Path(log).open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process, Path(log))
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url, process, log):
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"mlx_vlm.server did not start:\n{log.read_text(errors='replace')[-3000:]}")


if __name__ == "__main__":
    from vlmkit.engines import blas

    blas.prepare()
    from mlx_vlm.server import main

    main()
