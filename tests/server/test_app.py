"""Options of a server."""

import pytest

import vlmkit as vk
from vlmkit.errors import BadSetting
from vlmkit.server.app import server_options


def test_options_are_settings():
    """An argument stands above the session, which stands above the default."""
    vk.use(queue_size=3, request_timeout_s=7)
    options = server_options(queue_size="4", image_hosts=["A.example"])
    assert (options.limits.queue_size, options.limits.request_timeout_s, options.port) == (4, 7.0, 2000)
    assert (options.limits.idle_unload_s, options.image_hosts) == (None, ("A.example",))
    with pytest.raises(BadSetting, match="'queue' is an unknown option of a server"):
        server_options(queue=3)
    with pytest.raises(BadSetting, match="port"):
        server_options(port=70_000)
