"""Agents of Pydantic AI."""

import asyncio
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, ModelSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from reporting import report


class Color(BaseModel):
    """A color and how often."""

    color: Literal["red", "blue"]
    times: int


def agent(name, address, **options):
    provider = OpenAIProvider(base_url=address, api_key="none")
    settings = ModelSettings(temperature=0)
    return Agent(OpenAIChatModel(name, provider=provider), model_settings=settings, **options)


def text(address, picture):
    return agent("tiny", address).run_sync("Describe it.").output


def picture(address, picture):
    seen = BinaryContent(Path(picture).read_bytes(), media_type="image/png")
    return agent("echo", address).run_sync(["Look.", seen]).output


def stream(address, picture):
    async def pieces():
        async with agent("tiny", address).run_stream("Describe it.") as run:
            return [piece async for piece in run.stream_text(delta=True)]

    return asyncio.run(pieces())


def tools(address, picture):
    painter = agent("caller", address)

    @painter.tool_plain
    def paint(color: str) -> str:
        """Paints."""
        return f"painted {color}"

    return painter.run_sync("Paint it.").output


def structured(address, picture):
    return agent("tiny", address, output_type=Color).run_sync("Paint.").output.model_dump_json()


def errors(address, picture):
    try:
        agent("nobody", address).run_sync("a")
    except Exception as error:  # noqa: BLE001  of whatever class
        return [type(error).__name__, str(error)]
    return None


report(text, picture, stream, tools, structured, errors)
