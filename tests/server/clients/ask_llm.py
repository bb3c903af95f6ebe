"""The library `llm`, which has the server in its list of more models."""

import os
import tempfile
from pathlib import Path

from reporting import report

FOLDER = Path(tempfile.mkdtemp())
os.environ["LLM_USER_PATH"] = str(FOLDER)

import llm  # noqa: E402  it reads the variable

SCHEMA = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "blue"]}, "times": {"type": "integer"}},
    "required": ["color", "times"],
}


def model(name, address):
    rows = [f"- model_id: served-{name}", f"  model_name: {name}", f"  api_base: {address}"]
    rows += ["  vision: true", "  supports_schema: true", "  supports_tools: true"]
    (FOLDER / "extra-openai-models.yaml").write_text("\n".join(rows) + "\n")
    return llm.get_model(f"served-{name}")


def text(address, picture):
    return model("tiny", address).prompt("Describe it.", stream=False, temperature=0).text()


def picture(address, picture):
    seen = llm.Attachment(content=Path(picture).read_bytes())
    return model("echo", address).prompt("Look.", attachments=[seen], stream=False).text()


def stream(address, picture):
    return list(model("tiny", address).prompt("Describe it.", stream=True, temperature=0))


def tools(address, picture):
    def paint(color: str) -> str:
        """Paints."""
        return f"painted {color}"

    return model("caller", address).chain("Paint it.", tools=[paint], stream=True).text()


def structured(address, picture):
    return model("tiny", address).prompt("Paint.", schema=SCHEMA, stream=False, temperature=0).text()


def errors(address, picture):
    try:
        model("nobody", address).prompt("a", stream=False).text()
    except Exception as error:  # noqa: BLE001  of whatever class
        return [type(error).__name__, str(error)]
    return None


report(text, picture, stream, tools, structured, errors)
