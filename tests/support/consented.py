"""A file of settings in a working folder, with the user's consent to it."""

from vlmkit.settings_trust import consent


def write(folder, text):
    """Write a ``vlmkit.toml`` and consent to it, as ``vlmkit trust`` does."""
    file = folder / "vlmkit.toml"
    file.write_text(text, encoding="utf-8")
    consent(file)
    return file
