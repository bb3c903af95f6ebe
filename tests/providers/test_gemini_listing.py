"""Google's list of models."""

from scripted_server import http

from vlmkit.providers.gemini_listing import list_gemini
from vlmkit.providers.hosts import HOSTS
from vlmkit.providers.transport import Call, Transport

LIST = {
    "models": [
        {"name": "models/gemini-9", "inputTokenLimit": 1048576, "supportedGenerationMethods": ["generateContent"]},
        {"name": "models/embedding-1", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/odd", "supportedGenerationMethods": None},
        {"name": 3},
    ]
}


def test_models_that_write_are_listed(serve):
    """By the name they are asked by."""
    transport = Transport(serve(lambda _: http(body=LIST)).url)
    (found,) = list_gemini(HOSTS["gemini"], transport, Call(5))
    transport.close()
    assert (found.name, found.context) == ("gemini:gemini-9", 1048576)
