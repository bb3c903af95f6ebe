"""LiteLLM, which takes the server for one of OpenAI's kind."""

import base64
import json
import os
from pathlib import Path

from reporting import report

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

SCHEMA = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "blue"]}, "times": {"type": "integer"}},
    "required": ["color", "times"],
    "additionalProperties": False,
}
PAINT = {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]}


def asked(name, address, content, **options):
    messages = content if isinstance(content, list) else [{"role": "user", "content": content}]
    given = {"api_base": address, "api_key": "none", "temperature": 0, "num_retries": 0, "max_retries": 0, **options}
    return litellm.completion(model=f"openai/{name}", messages=messages, **given)


def text(address, picture):
    return asked("tiny", address, "Describe it.").choices[0].message.content


def picture(address, picture):
    url = "data:image/png;base64," + base64.b64encode(Path(picture).read_bytes()).decode()
    parts = [{"type": "text", "text": "Look."}, {"type": "image_url", "image_url": {"url": url}}]
    return asked("echo", address, [{"role": "user", "content": parts}]).choices[0].message.content


def stream(address, picture):
    return [chunk.choices[0].delta.content or "" for chunk in asked("tiny", address, "Describe it.", stream=True)]


def tools(address, picture):
    offered = [{"type": "function", "function": {"name": "paint", "description": "Paints.", "parameters": PAINT}}]
    messages = [{"role": "user", "content": "Paint it."}]
    message = asked("caller", address, messages, tools=offered).choices[0].message
    messages.append(message.model_dump())
    for call in message.tool_calls:
        color = json.loads(call.function.arguments)["color"]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": f"painted {color}"})
    return asked("caller", address, messages, tools=offered).choices[0].message.content


def structured(address, picture):
    schema = {"type": "json_schema", "json_schema": {"name": "color", "strict": True, "schema": SCHEMA}}
    return asked("tiny", address, "Paint.", response_format=schema).choices[0].message.content


def errors(address, picture):
    try:
        asked("nobody", address, "a")
    except Exception as error:  # noqa: BLE001  of whatever class
        return [type(error).__name__, str(error)]
    return None


report(text, picture, stream, tools, structured, errors)
