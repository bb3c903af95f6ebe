"""The model of smolagents for servers of the dialect, and an agent that calls tools by it."""

from typing import Any

from PIL import Image
from reporting import report
from smolagents import ChatMessage, MessageRole, OpenAIModel, ToolCallingAgent, tool

SCHEMA = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "blue"]}, "times": {"type": "integer"}},
    "required": ["color", "times"],
    "additionalProperties": False,
}


def model(name, address):
    client = {"max_retries": 0}
    return OpenAIModel(name, api_base=address, api_key="none", client_kwargs=client, temperature=0)


def user(*content):
    return [ChatMessage(role=MessageRole.USER, content=list(content))]


def said(text):
    return {"type": "text", "text": text}


def text(address, picture):
    return model("tiny", address).generate(user(said("Describe it."))).content


def picture(address, picture):
    seen = {"type": "image", "image": Image.open(picture)}
    return model("echo", address).generate(user(said("Look."), seen)).content


def stream(address, picture):
    return [delta.content or "" for delta in model("tiny", address).generate_stream(user(said("Describe it.")))]


def tools(address, picture):
    @tool
    def paint(color: str) -> Any:
        """Paints.

        Args:
            color: Which.
        """
        return f"painted {color}"

    painter = ToolCallingAgent([paint], model("caller", address), max_steps=2, verbosity_level=0)
    return painter.run("Paint it.")


def structured(address, picture):
    schema = {"type": "json_schema", "json_schema": {"name": "color", "strict": True, "schema": SCHEMA}}
    return model("tiny", address).generate(user(said("Paint.")), response_format=schema).content


def errors(address, picture):
    try:
        model("nobody", address).generate(user(said("a")))
    except Exception as error:  # noqa: BLE001  of whatever class
        return [type(error).__name__, str(error)]
    return None


report(text, picture, stream, tools, structured, errors)
