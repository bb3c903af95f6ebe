"""What is advised where a model cannot be loaded."""

from dataclasses import replace
from pathlib import Path

import pytest

from vlmkit.engines.advice import explain
from vlmkit.engines.inspection import Checkpoint

WHOLE = Checkpoint(
    directory=Path("model"),
    config={},
    model_type="llava",
    parameters=1,
    weight_bytes=1,
    quantization=None,
    context_length=None,
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("[malloc] Unable to allocate 9 bytes"), "close other programs or name a smaller model"),
        (MemoryError(), "out of memory"),
        (ValueError("pass trust_remote_code=True"), "allow_code=<the model's name>"),
        (ValueError("Received 37 parameters not in model: \na.b,\na.c"), "another variant of the family"),
        (ValueError("Missing 2 parameters: \na.b"), "another variant of the family"),
        (ValueError("Expected shape (3, 4) but received shape (4, 3) for parameter x"), "other shapes"),
        (ValueError("Unsupported model type: pixtral"), "does not have what its config.json names"),
        (ValueError("Model type x not supported. Currently only 'davit' is supported"), "does not have what"),
        (TypeError("TextConfig.__init__() missing 1 required positional argument: 'rope_theta'"), "does not name"),
        (ValueError("[AvgPool2d] 'kernel_size' must be positive but got (0, 0)."), "does not name"),
        (TypeError("ImagesKwargs.__init__() got an unexpected keyword argument 'padding'"), "another version of"),
        (KeyError("x"), "Its files are whole"),
    ],
)
def test_an_error_is_explained_by_what_it_means(error, words):
    """And never by files that may be incomplete, as they are not."""
    text = explain("mlx:m cannot be loaded", error, WHOLE)
    assert text.startswith(f"mlx:m cannot be loaded: {type(error).__name__}: ")
    assert words in text
    assert "again" not in text


def test_missing_files_are_what_an_error_comes_from():
    """Named, with what brings them."""
    text = explain("mlx:m cannot be loaded", OSError("x"), replace(WHOLE, missing="a tokenizer (tokenizer.json)"))
    assert text.endswith("OSError: x. model lacks a tokenizer (tokenizer.json): get the model again, whole.")


def test_pages_of_names_are_cut():
    """A message is for reading."""
    text = explain(
        "m", ValueError("Received 900 parameters not in model: \n" + ",\n".join(["tower.layer"] * 900)), WHOLE
    )
    assert len(text) < 800
    assert "\n" not in text
