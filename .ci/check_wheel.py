"""Builds the wheel and checks that what is not Python came along: weights, type marker, the command."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print what is missing from the built wheel; 1 where something is."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(ROOT)]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        names = set(zipfile.ZipFile(wheel).namelist())
        size_mb = wheel.stat().st_size / 1e6
    tracked = subprocess.run(["git", "ls-files", "vlmkit"], cwd=ROOT, capture_output=True, text=True, check=True)
    missing = set(tracked.stdout.split()) - names
    strays = {name for name in names if not name.startswith("vlmkit") or name.endswith((".ipynb", ".toml"))}
    print(f"{wheel.name}: {len(names)} files, {size_mb:.1f} MB")
    for name in sorted(missing):
        print(f"missing from the wheel: {name}")
    for name in sorted(strays):
        print(f"does not belong into the wheel: {name}")
    return bool(missing or strays)


if __name__ == "__main__":
    sys.exit(main())
