"""A build backend (PEP 517) of the standard library alone, so that a test can install the plugin offline."""

import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
WHEEL = "Wheel-Version: 1.0\nGenerator: wheel_builder\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Write the wheel; gives its name."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    points = [
        f"[{group}]\n" + "".join(f"{point} = {dotted}\n" for point, dotted in rows.items())
        for group, rows in project["entry-points"].items()
    ]
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": (HERE / f"{name}.py").read_text(encoding="utf-8"),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n",
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": "\n".join(points),
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel
