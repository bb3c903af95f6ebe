"""From what transformers 5 saves back to the layout in which the original checkpoints lie on the Hub."""

import json
import re

import numpy as np

# Released with transformers 5: their originals are nested and have `rope_parameters`, too.
_NEW = frozenset({"gemma4", "glm_ocr", "qwen3_5", "qwen3_5_moe"})
_KEEPS_LAYER_TYPES = frozenset({"lfm2_vl"})
_NESTED_TOWERS = ("siglip_vision_model", "clip_vision_model")


def layout(family, files, tensors):
    """Files and tensors as of the original.

    Parameters
    ----------
    family : str
    files : dict
        By name, JSON already parsed, as transformers 5 saves them.
    tensors : dict
        By name.
    """
    files = json.loads(json.dumps(files))
    files["config.json"] = _config(family, files)
    files["tokenizer_config.json"] = _tokenizer_config(files["tokenizer_config.json"])
    if family not in _NEW:
        _flatten_processor(family, files)
    return files, _older(family, files["config.json"], tensors)


def _config(family, files):
    config = files["config.json"]
    if family not in _NEW:
        _spell_positions(family, config)
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.51.0"
    config["eos_token_id"] = files["generation_config.json"].get("eos_token_id")
    return _OWN.get(family, dict)(config)


def _spell_positions(family, config):
    """`rope_parameters` become `rope_theta`, `rope_scaling` and what else transformers 4 called them."""
    for part in config.values():
        if isinstance(part, dict):
            _spell_positions(family, part)
    if family not in _KEEPS_LAYER_TYPES:
        config.pop("layer_types", None)
    rope = config.pop("rope_parameters", None)
    if rope is None or rope.get("rope_type") == "axial":
        return
    if "full_attention" in rope:
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        config["sliding_window_pattern"] = config.pop("_sliding_window_pattern")
        rope = rope["full_attention"]
    config["rope_theta"] = rope.pop("rope_theta")
    if "partial_rotary_factor" in rope:
        config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    if rope != {"rope_type": "default"}:
        config["rope_scaling"] = rope


def _sections(kind):
    """Change `rope_scaling` to the older spelling, where the type is called `type`."""

    def change(config):
        scaling = config.get("text_config", config)["rope_scaling"]
        scaling["type"] = kind
        scaling.pop("rope_type")
        return config

    return change


def _flat_qwen(config):
    """Qwen2-VL and 2.5: the text model's settings stand at the top."""
    text = config.pop("text_config")
    text.pop("model_type")
    config["vision_config"]["model_type"] = config["model_type"]
    return _sections("mrope")({**text, **config})


def _qwen3(config):
    config["vision_config"]["model_type"] = config["model_type"]
    return config


def _qwen3_moe(config):
    config["text_config"]["num_experts"] = config["text_config"].pop("num_local_experts")
    return _qwen3(config)


def _gemma3(config):
    config["text_config"]["mm_tokens_per_image"] = config["mm_tokens_per_image"]
    return config


def _gemma4(config):
    text = config["text_config"]
    wide = [layer["head_dim"] for layer in text.pop("per_layer_config").values() if "head_dim" in layer]
    text["global_head_dim"] = max(wide)
    return config


def _glm4v(config):
    config["vision_start_token_id"] = config["image_start_token_id"]
    config["vision_end_token_id"] = config["image_end_token_id"]
    return _sections("default")(config)


def _glm4v_moe(config):
    config["text_config"]["use_qk_norm"] = False
    return _glm4v(config)


def _glm_ocr(config):
    config["vision_config"].pop("rope_parameters", None)
    return config


def _paddleocr_vl(config):
    """The text model's settings stand at the top, both spellings of the type of positions among them."""
    text = config.pop("text_config")
    text.pop("model_type")
    text["rope_scaling"]["type"] = text["rope_scaling"]["rope_type"]
    config["vision_config"]["model_type"] = config["model_type"]
    return {**text, **config}


def _molmo2(config):
    """Tower and adapter spell their settings otherwise, and stand side by side."""
    tower, adapter = config.pop("vision_config"), config["adapter_config"]
    tower["image_default_input_size"] = tower.pop("image_size")
    tower["image_patch_size"] = tower.pop("patch_size")
    tower["image_num_pos"] = tower.pop("num_position_embeddings")
    adapter["vit_layers"] = adapter.pop("vision_feature_layer")
    config["vit_config"] = tower
    text = config["text_config"]
    text["layer_norm_eps"], text["qkv_bias"] = text.pop("rms_norm_eps"), text.pop("attention_bias")
    text["rope_scaling_layers"] = None
    return config


_OWN = {
    "qwen2_vl": _flat_qwen,
    "qwen2_5_vl": _flat_qwen,
    "qwen3_vl": _qwen3,
    "qwen3_vl_moe": _qwen3_moe,
    "gemma3": _gemma3,
    "gemma4": _gemma4,
    "glm4v": _glm4v,
    "glm4v_moe": _glm4v_moe,
    "glm_ocr": _glm_ocr,
    "molmo2": _molmo2,
    "paddleocr_vl": _paddleocr_vl,
}


def _tokenizer_config(config):
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config.pop("backend", None)
    if not config.get("extra_special_tokens"):
        usual = ("bos_token", "eos_token", "pad_token", "unk_token")
        named = {key: mark for key, mark in config.items() if key.endswith("_token") and isinstance(mark, str)}
        config["extra_special_tokens"] = {key: mark for key, mark in named.items() if key not in usual}
    return config


def _flatten_processor(family, files):
    """The image processor has a file of its own, the template stands in JSON."""
    processor = files["processor_config.json"]
    images = processor.pop("image_processor")
    for part in ("video_processor", "feature_extractor"):
        processor.pop(part, None)
    images["processor_class"] = processor["processor_class"]
    if family in ("qwen2_vl", "qwen2_5_vl"):
        size = images.pop("size")
        images["min_pixels"], images["max_pixels"] = size["shortest_edge"], size["longest_edge"]
    files["preprocessor_config.json"] = images
    if "chat_template.jinja" in files:
        files["chat_template.json"] = {"chat_template": files.pop("chat_template.jinja")}


def _older(family, config, tensors):
    """Weights under their older names, experts the other way round."""
    if family == "qwen3_vl_moe":
        return {n: t.transpose(0, 2, 1).copy() if ".experts." in n else t for n, t in tensors.items()}
    if family == "molmo2":
        return _split_embeddings(config["text_config"]["vocab_size"], tensors)
    if config.get("vision_config", {}).get("model_type") not in _NESTED_TOWERS:
        return tensors
    return {
        re.sub(r"^((?:model\.)?vision_tower\.)(?!vision_model)", r"\1vision_model.", n): t for n, t in tensors.items()
    }


def _split_embeddings(size, tensors):
    """Molmo 2: embeddings of the marks for pictures lie apart, where transformers 5 saves two halves."""
    names = [f"model.transformer.wte.{part}" for part in ("embedding", "new_embedding")]
    whole = np.concatenate([tensors[name] for name in names])
    return {**tensors, **dict(zip(names, (whole[:size].copy(), whole[size:].copy()), strict=True))}
