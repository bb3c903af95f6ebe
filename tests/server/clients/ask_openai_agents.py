"""OpenAI's agents, by chat completions and by the Responses API; both ways must give the same."""

import asyncio
import base64
from pathlib import Path
from typing import Literal

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel
from reporting import report

set_tracing_disabled(True)


class Color(BaseModel):
    """A color and how often."""

    color: Literal["red", "blue"]
    times: int


@function_tool
def paint(color: str) -> str:
    """Paints."""
    return f"painted {color}"


def agent(way, name, address, **options):
    client = AsyncOpenAI(base_url=address, api_key="none", max_retries=0)
    settings = ModelSettings(temperature=0)
    return Agent("helper", model=way(name, client), model_settings=settings, **options)


def both(name, address, content, **options):
    """What came out, the same by both ways."""
    ways = (OpenAIChatCompletionsModel, OpenAIResponsesModel)
    found = [asyncio.run(Runner.run(agent(way, name, address, **options), content)).final_output for way in ways]
    if found[0] != found[1]:
        raise ValueError(f"the two ways differ: {found}")
    return found[0]


def text(address, picture):
    return both("tiny", address, "Describe it.")


def picture(address, picture):
    url = "data:image/png;base64," + base64.b64encode(Path(picture).read_bytes()).decode()
    parts = [{"type": "input_text", "text": "Look."}, {"type": "input_image", "image_url": url, "detail": "auto"}]
    return both("echo", address, [{"role": "user", "content": parts}])


def stream(address, picture):
    async def pieces(way):
        run = Runner.run_streamed(agent(way, "tiny", address), "Describe it.")
        events = [event.data async for event in run.stream_events() if event.type == "raw_response_event"]
        return [event.delta for event in events if event.type == "response.output_text.delta"]

    found = [asyncio.run(pieces(way)) for way in (OpenAIChatCompletionsModel, OpenAIResponsesModel)]
    if "".join(found[0]) != "".join(found[1]):
        raise ValueError(f"the two ways differ: {found}")
    return found[0]


def tools(address, picture):
    return both("caller", address, "Paint it.", tools=[paint])


def structured(address, picture):
    return both("tiny", address, "Paint.", output_type=Color).model_dump_json()


def errors(address, picture):
    try:
        both("nobody", address, "a")
    except Exception as error:  # noqa: BLE001  of whatever class
        return [type(error).__name__, str(error)]
    return None


report(text, picture, stream, tools, structured, errors)
