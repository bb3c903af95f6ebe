"""LangChain's chat model for servers of the dialect."""

import base64
from pathlib import Path
from typing import Literal

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from reporting import report


class Color(BaseModel):
    """A color and how often."""

    color: Literal["red", "blue"]
    times: int


def model(name, address):
    return ChatOpenAI(model=name, base_url=address, api_key="none", temperature=0, max_retries=0)


def text(address, picture):
    return model("tiny", address).invoke("Describe it.").content


def picture(address, picture):
    url = "data:image/png;base64," + base64.b64encode(Path(picture).read_bytes()).decode()
    parts = [{"type": "text", "text": "Look."}, {"type": "image_url", "image_url": {"url": url}}]
    return model("echo", address).invoke([HumanMessage(parts)]).content


def stream(address, picture):
    return [chunk.content for chunk in model("tiny", address).stream("Describe it.")]


def tools(address, picture):
    @tool
    def paint(color: str) -> str:
        """Paints."""
        return f"painted {color}"

    painter = model("caller", address).bind_tools([paint])
    question = HumanMessage("Paint it.")
    calling = painter.invoke([question])
    results = [ToolMessage(paint.invoke(call["args"]), tool_call_id=call["id"]) for call in calling.tool_calls]
    return painter.invoke([question, calling, *results]).content


def structured(address, picture):
    return model("tiny", address).with_structured_output(Color).invoke("Paint.").model_dump_json()


def errors(address, picture):
    try:
        model("nobody", address).invoke("a")
    except Exception as error:  # noqa: BLE001  of whatever class
        return [type(error).__name__, str(error)]
    return None


report(text, picture, stream, tools, structured, errors)
