"""Requests to a chat server by OpenAI's own client, and how its errors and answers are looked at."""

import base64
import io

import openai
import pytest
from PIL import Image
from pydantic import BaseModel

SCHEMA = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "blue"]}, "times": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["color", "times"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}
TOOLS = [
    {"type": "function", "function": {"name": "paint", "description": "Paints it.", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "clock", "parameters": NOTHING}},
]
FLAT_TOOLS = [{"type": "function", "strict": True, **TOOLS[0]["function"]}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "color", "schema": SCHEMA}}
NAMED = {"type": "function", "function": {"name": "paint"}}
SPACED = "mlx:org/name b"


class Color(BaseModel):
    """What an answer shall be."""

    color: str
    times: int


def picture_url(color="teal", size=(48, 32)):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def image_part(color="teal"):
    return {"type": "image_url", "image_url": {"url": picture_url(color), "detail": "low"}}


def user(*parts):
    return [{"role": "user", "content": list(parts) or "Describe the picture."}]


def text_part(text="Describe the picture."):
    return {"type": "text", "text": text}


SEEN = user(text_part(), image_part())


def refused(call, kind=openai.BadRequestError):
    """The error that a call of the client ends with, all four keys of which are there."""
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert {"message", "type", "param", "code"} <= error.body.keys()
    assert isinstance(error.code, str | None)
    assert error.response.headers["x-request-id"]
    return error


def text_of(answer, number=0):
    return answer.choices[number].message.content
