"""Hosts as rows: where each is, how it is asked, what it supports. A host of another dialect is a row, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vlmkit.backends import EngineSpec
from vlmkit.providers.anthropic_messages import ANTHROPIC_MESSAGES
from vlmkit.providers.dialect import Dialect
from vlmkit.providers.gemini_content import GEMINI_CONTENT
from vlmkit.providers.openai_chat import OPENAI_CHAT

__all__ = ["ANY_SERVER", "HOSTS", "Host"]

_PLAIN = {name: name for name in ("max_tokens", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty")}
_PROBABILITIES = {"token_probabilities": "logprobs", "alternatives": "top_logprobs"}
_TOOLS = {name: name for name in ("tools", "tool_choice", "parallel_tool_calls")}
_FULL = {
    **_PLAIN,
    **_TOOLS,
    "top_k": "top_k",
    "repetition_penalty": "repetition_penalty",
    **_PROBABILITIES,
    "json_schema": "response_format",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Host(EngineSpec):
    """One kind of server, which is an engine: further attributes are those of `EngineSpec`.

    Attributes
    ----------
    url : str
        Base address where the model's name gives none.
    key_variable : str or None
        Environment variable of the key. Of a host somewhere else it is sent to that host's own address only.
    url_variable : str or None, default None
        Environment variable by which the host's own programs are told its address.
    native : str, default ""
        Pattern of the path of its own interface, which is not the one that is asked.
    needs_key : bool, default False
    dialect : Dialect, default the OpenAI chat dialect
    parameters : mapping of str to str
        As `Form.parameters`.
    health_path : str, default "/models"
        Answers at once where the server is well; from ``//`` on it is not below the base path.
    listing : str
        Dotted name of the function that lists its models.
    lists_all : bool, default True
        Whether a model that is not in its list is certainly not there.
    start : str
        How to start the server, for the message that it is not there; empty for a hosted one.
    longest_side_px : int, default 1000
        A quarter of a photo of 12 megapixels, which a JPEG decoder gives for a fraction of the whole's cost; its
        shorter side then has the 750 pixels that OpenAI looks at. Anthropic says 1568.
    parallel_asks : int, default 4
    images_per_ask : int, default 8
    highest_temperature : float or None, default None
        As its documentation has it.
    """

    opener: str = "vlmkit.providers.opening:open_host"
    lister: str | None = "vlmkit.providers.inquiry:list_host_models"
    checker: str | None = "vlmkit.providers.inquiry:check_health"
    identifier: str | None = "vlmkit.providers.access:server_identity"
    list_identifier: str | None = "vlmkit.providers.access:identity_at"
    takes_address: bool = True
    url: str
    key_variable: str | None
    url_variable: str | None = None
    native: str = ""
    needs_key: bool = False
    dialect: Dialect = OPENAI_CHAT
    parameters: Mapping[str, str]
    health_path: str = "/models"
    listing: str = "vlmkit.providers.listing:list_openai"
    lists_all: bool = True
    start: str = ""
    longest_side_px: int = 1000
    parallel_asks: int = 4
    images_per_ask: int = 8
    highest_temperature: float | None = None


HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        Host(
            name="ollama",
            at_sign="address",
            is_local=True,
            url="http://localhost:11434/v1",
            key_variable="OLLAMA_API_KEY",
            url_variable="OLLAMA_HOST",
            native="/api",
            # https://docs.ollama.com/api/openai-compatibility
            parameters={**_PLAIN, **_PROBABILITIES, "json_schema": "response_format", "tools": "tools"},
            health_path="//api/version",
            listing="vlmkit.providers.listing:list_ollama",
            start="ollama serve",
        ),
        Host(
            name="lmstudio",
            at_sign="variant",
            is_local=True,
            url="http://localhost:1234/v1",
            key_variable="LMSTUDIO_API_KEY",
            native=r"/api(?:/v[01])?",
            # https://lmstudio.ai/docs/developer/openai-compat; a schema with a picture can end its model's process.
            parameters={**_PLAIN, "top_k": "top_k", "repetition_penalty": "repeat_penalty", "tools": "tools"},
            listing="vlmkit.providers.listing:list_lmstudio",
            start="lms server start",
        ),
        Host(
            name="vllm",
            is_local=True,
            url="http://localhost:8000/v1",
            key_variable="VLLM_API_KEY",
            parameters=_FULL,
            health_path="//health",
            start="vllm serve MODEL",
            parallel_asks=64,
        ),
        Host(
            name="mlx-vlm",
            is_local=True,
            url="http://localhost:8080/v1",
            key_variable="MLX_VLM_SERVER_API_KEY",
            parameters=_FULL,
            health_path="//health",
            lists_all=False,  # it loads whatever the Hub has when asked
            start="python -m mlx_vlm.server",
            parallel_asks=16,
        ),
        Host(
            name="openai",
            url="https://api.openai.com/v1",
            key_variable="OPENAI_API_KEY",
            needs_key=True,
            parameters={
                **_PLAIN,
                **_TOOLS,
                "max_tokens": "max_completion_tokens",  # the only name that newer models take
                **_PROBABILITIES,
                "json_schema": "response_format",
            },
            parallel_asks=32,
            highest_temperature=2.0,
        ),
        Host(
            name="openrouter",
            at_sign="variant",
            url="https://openrouter.ai/api/v1",
            key_variable="OPENROUTER_API_KEY",
            needs_key=True,
            parameters=_FULL,
            parallel_asks=32,
            highest_temperature=2.0,
        ),
        Host(
            name="anthropic",
            url="https://api.anthropic.com/v1",
            key_variable="ANTHROPIC_API_KEY",
            needs_key=True,
            dialect=ANTHROPIC_MESSAGES,
            parameters={name: name for name in ("top_p", "top_k", "stop", *_TOOLS)},
            longest_side_px=1568,
            highest_temperature=1.0,
            parallel_asks=16,
        ),
        Host(
            name="gemini",
            url="https://generativelanguage.googleapis.com/v1beta",
            key_variable="GEMINI_API_KEY",
            needs_key=True,
            dialect=GEMINI_CONTENT,
            parameters={
                "top_p": "topP",
                "top_k": "topK",
                "stop": "stopSequences",
                "seed": "seed",
                "frequency_penalty": "frequencyPenalty",
                "presence_penalty": "presencePenalty",
                "json_schema": "responseJsonSchema",
                "tools": "tools",
                "tool_choice": "toolConfig",
            },
            highest_temperature=2.0,
            listing="vlmkit.providers.listing:list_gemini",
            longest_side_px=1536,
            parallel_asks=16,
        ),
    )
}

ANY_SERVER = Host(
    name="openai",
    url="",
    key_variable=None,
    parameters=_FULL,
    lists_all=False,
    parallel_asks=8,
)
"""Whoever answers at an address of the user's own: ``openai:MODEL@URL``."""
