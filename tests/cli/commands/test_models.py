"""`vlmkit models`, the real command."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios

import consented
from scripted_server import ScriptedServer, http


def test_the_bundled_model_is_listed_first(command):
    """As a table for people: name, where from, and how to name others."""
    done = command("models")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["model", "source", "pictures", "size", "note"]
    assert lines[2].split()[:2] == ["tiny", "bundled"]
    assert "Engines: anthropic, fake, gemini, lmstudio, mlx, mlx-vlm, ollama" in done.stdout
    assert "In force without --model: none (default)." in done.stdout


def test_downloads_are_listed(command, tmp_path):
    """A vision model in the Hub's cache, with what its files say, or why it cannot be used."""
    snapshot = tmp_path / "cache" / "models--org--sees" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text('{"model_type": "smolvlm", "vision_config": {}}')
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    done = command(
        "models", "--engine", "mlx", "--format", "json", HF_HUB_CACHE=str(tmp_path / "cache"), VISION_MODEL="org/sees"
    )
    content = json.loads(done.stdout)
    found = [model for model in content["models"] if model["engine"] == "mlx"]
    assert [model["name"] for model in found] == ["tiny", "org/sees"]
    assert "org/sees" in found[1]["error"]
    assert content["in_force"] == {"model": "org/sees", "origin": "environment variable VISION_MODEL"}


def test_a_server_at_an_address_is_listed(command):
    """As model names write it, and nobody else is asked; an engine that is none, or nowhere, is said."""
    listed = {"object": "list", "data": [{"id": "qwen-vl"}]}
    with ScriptedServer([], routes={"/v1/models": http(body=json.dumps(listed))}) as server:
        for address in (server.url, f"127.0.0.1:{server.port}"):
            found = json.loads(command("models", "--engine", f"ollama@{address}", "--format", "json").stdout)["models"]
            assert [(model["engine"], model["error"]) for model in found] == [("ollama", None)], found
            assert found[0]["name"].startswith("ollama:qwen-vl@")
    for wrong in ("olama", "mlx@http://127.0.0.1:9"):
        done = command("models", "--engine", wrong)
        assert done.returncode == 2
        assert "no such engine has a list" in done.stderr


def test_a_bad_setting_does_not_hide_the_list(command, tmp_path):
    """The list is there, and says what is wrong with the file."""
    consented.write(tmp_path, "[vision]\nmodel = 3\n")
    done = command("models")
    assert done.returncode == 0
    assert "model: 3 cannot be used" in " ".join(done.stdout.split())


def test_the_width_is_that_of_the_terminal_on_stdout():
    """Also where stderr goes elsewhere."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 137, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    code = (
        "from vlmkit.cli.commands import models; models.draw = lambda h, r, width: [f'{width} cells']; models.models()"
    )
    subprocess.run([sys.executable, "-c", code], stdout=theirs, stderr=subprocess.PIPE, env=environment, check=True)
    assert os.read(ours, 1000).startswith(b"137 cells")
    os.close(theirs)
    os.close(ours)


def test_servers_that_do_not_answer_are_listed_with_the_reason(command, tmp_path):
    """The list is there all the same, and the exit code is that of success."""
    consented.write(tmp_path, '[hosts.vllm]\nurl = "http://127.0.0.1:9/v1"\n')
    done = command("models", "--engine", "vllm")
    assert done.returncode == 0
    assert "(vllm)" in done.stdout
    assert "! Unreachable: http://127.0.0.1:9/v1" in " ".join(done.stdout.split())


def test_an_unknown_engine_is_a_usage_error(command):
    """Exit code 2, with the names there are."""
    done = command("models", "--engine", "olama")
    assert done.returncode == 2
    assert "ollama" in done.stderr


def test_compatibility_is_told_before_a_download(command):
    """A line for each name, for people and for programs; names alone are a slip."""
    done = command("models", "--compat", "tiny", "org/none")
    assert done.returncode == 0
    header, _, first, *rest = done.stdout.splitlines()
    assert header.split()[:4] == ["model", "family", "answers", "layout"]
    assert first.split()[:4] == ["tiny", "smolvlm", "same", "v4"]
    assert "! ModelNotFound: org/none" in " ".join(" ".join(rest).split())
    rows = json.loads(command("models", "--compat", "tiny", "--format", "json").stdout)["models"]
    assert [(row["name"], row["verdict"], row["longest_side_px"]) for row in rows] == [("tiny", "same", 144)]
    assert "vlmkit models --compat NAME" in command("models", "tiny").stderr
    assert command("models", "--compat").returncode == 2
