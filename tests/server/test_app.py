"""Options of a server, and its keys."""

import pytest

import vlmkit as vk
from vlmkit.errors import BadSetting
from vlmkit.server.app import keys_of, server_options


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


def test_keys_come_from_a_variable_and_a_file(tmp_path):
    """Each once; an empty file is a mistake."""
    file = tmp_path / "keys"
    file.write_text("two\n\n three \n")
    assert keys_of("one, two", file) == ("one", "two", "three")
    assert keys_of(None, None) == keys_of(" , ", None) == ()
    file.write_text("\n")
    with pytest.raises(BadSetting, match="there is no key in it"):
        keys_of(None, file)
    with pytest.raises(BadSetting, match="cannot be read"):
        keys_of(None, tmp_path / "none")
