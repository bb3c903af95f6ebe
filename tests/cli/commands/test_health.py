"""`vlmkit health`: names in, one line each, an exit code."""

import json
import re

import pytest
from scripted_server import ScriptedServer, http


@pytest.fixture
def server():
    """A server with a list of models."""
    with ScriptedServer([http(500)], routes={"/v1/models": http(body={"data": [{"id": "m"}]})}) as running:
        yield running


def test_servers_are_asked(command, server):
    """One that is well, and one that is not there: exit code 1, with the reason."""
    done = command("health", f"openai@{server.url}", "-f", "json")
    (one,) = json.loads(done.stdout)
    assert (done.returncode, one["ok"], one["address"]) == (0, True, server.url)
    done = command("health", f"openai@{server.url}", "openai@http://127.0.0.1:9/v1", COLUMNS="200")
    assert done.returncode == 1
    assert "well, " in done.stdout
    assert re.search(r"not well +Unreachable: http://127\.0\.0\.1:9/v1: no connection", done.stdout)


def test_without_a_name_the_model_in_force_is_asked(command, server):
    """As a whole model name."""
    done = command("health", "--format", "json", VISION_MODEL=f"openai:m@{server.url}")
    (one,) = json.loads(done.stdout)
    assert (done.returncode, one["name"]) == (0, f"openai:m@{server.url}")


def test_without_any_name_what_is_here_is_asked(command):
    """The bundled model and the servers of this machine."""
    names = [one["name"] for one in json.loads(command("health", "-f", "json", "--timeout", 1).stdout)]
    assert names == ["tiny", "ollama", "lmstudio", "vllm", "mlx-vlm"]


def test_a_name_that_names_nothing_is_not_well(command):
    """With what may be named."""
    done = command("health", "olama", "-f", "json")
    (one,) = json.loads(done.stdout)
    assert (done.returncode, one["ok"]) == (1, False)
    assert one["problem"]
