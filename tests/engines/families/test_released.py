"""Settings of released models are read without a false alarm, and what differs is known.

``released.json`` has configurations in the manner of those on the Hub, real sizes and real gaps, written from memory.
"""

import json
from pathlib import Path

import pytest

RELEASED = json.loads(Path(__file__).with_name("released.json").read_text(encoding="utf-8"))
# What mlx_vlm takes otherwise, from the file or from a default of its own, and transformers' value.
REPAIRED = {
    "gemma-3-4b-it": {"hidden_size": 2560},
    "gemma-3-27b-it": {"hidden_size": 5376},
    "paligemma2-3b": {"text_config.num_attention_heads": 8},
    "glm-4.1v": {"image_token_index": 151343, "video_token_index": 151344},
    "idefics2-8b": {"text_config.rope_theta": 10000.0},
    "lfm2-vl-1.6b": {"text_config.intermediate_size": 12288},
}


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_model_is_not_refused(name, examine):
    """Nothing is left that would be computed otherwise; what was is written into the copy for mlx_vlm."""
    audit = examine(RELEASED[name])
    assert [str(fault) for fault in audit.faults] == []
    assert {found.setting: found.transformers for found in audit.differences} == REPAIRED.get(name, {})
    for setting, value in REPAIRED.get(name, {}).items():
        part, _, key = setting.rpartition(".")
        assert (audit.config[part] if part else audit.config)[key] == value
