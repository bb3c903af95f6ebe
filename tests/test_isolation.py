"""The tests' own walls hold: no network, no real home, no settings from outside."""

import os
import pwd
import socket
from pathlib import Path

import pytest

from vlmkit import settings


def test_other_machines_cannot_be_reached():
    """Connecting and looking up a name both fail, whatever library does it."""
    with socket.socket() as connection, pytest.raises(RuntimeError, match="tests never leave this machine"):
        connection.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="tests never leave this machine"):
        socket.getaddrinfo("example.org", 443)


def test_this_machine_can_be_reached():
    """Servers that a test starts on loopback are reachable."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        server.accept()[0].close()


def test_started_processes_are_closed_in_too(fresh_python):
    """Commands and kernels inherit the wall."""
    done = fresh_python("import socket; socket.create_connection(('192.0.2.1', 80))", check=False)
    assert "tests never leave this machine" in done.stderr


def test_the_home_is_not_the_real_one():
    """Nothing a test writes lands in the user's home."""
    assert Path.home() != Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert "XDG_CACHE_HOME" not in os.environ


def test_the_environment_has_no_settings():
    """A developer's own VISION_MODEL does not change results."""
    assert [setting.variable for setting in settings.SETTINGS.values() if setting.variable in os.environ] == []
