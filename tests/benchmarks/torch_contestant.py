"""PyTorch's side: transformers' own SmolVLM on the same weights in single precision, greedy, with a KV cache.

Runs in an environment of its own that has torch and transformers: ``python torch_contestant.py DIRECTORY THREADS``.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration


def load(directory):
    """The model, with weights renamed from mlx's names to transformers'."""
    config = json.loads(Path(directory, "config.json").read_text(encoding="utf-8"))
    vision = config["vision_config"] | {"model_type": "smolvlm_vision"}
    shape = SmolVLMConfig(
        vision_config=vision,
        text_config=config["text_config"],
        scale_factor=config["scale_factor"],
        image_token_id=config["image_token_id"],
        tie_word_embeddings=False,
    )
    model = SmolVLMForConditionalGeneration(shape).float().eval()
    weights = {}
    for name, weight in load_file(f"{directory}/model.safetensors").items():
        value = weight.float()
        if "patch_embedding.weight" in name:
            value = value.permute(0, 3, 1, 2).contiguous()
        inner = name.removeprefix("language_model.")
        if inner.startswith("lm_head"):
            weights[inner] = value
        else:
            weights[f"model.text_model.{inner}" if inner != name else f"model.{name}"] = value
    model.load_state_dict(weights, strict=True)
    return model


def answerer(directory):
    model = load(directory)
    inputs = {name: torch.tensor(value) for name, value in np.load(f"{directory}/inputs.npz").items()}
    mask = inputs["pixel_attention_mask"].bool()

    @torch.inference_mode()
    def answer(numbers, tokens):
        output = model(
            input_ids=inputs["input_ids"][numbers].long(),
            pixel_values=inputs["pixel_values"][numbers],
            pixel_attention_mask=mask[numbers],
            use_cache=True,
            logits_to_keep=1,
        )
        written = [output.logits[:, -1].argmax(-1, keepdim=True)]
        while len(written) < tokens:
            output = model(input_ids=written[-1], past_key_values=output.past_key_values, use_cache=True)
            written.append(output.logits[:, -1].argmax(-1, keepdim=True))
        return torch.cat(written, dim=1).tolist()

    return answer


def say(line):
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main():
    directory, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    answer = answerer(directory)
    answer([0], 4)
    say(json.dumps("ready"))
    for line in sys.stdin:
        numbers, tokens = json.loads(line)
        start_s = time.perf_counter()
        written = answer(numbers, tokens)
        say(json.dumps({"seconds": time.perf_counter() - start_s, "tokens": written}))


if __name__ == "__main__":
    main()
