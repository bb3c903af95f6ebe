"""One side of a comparison, in a process of its own: answers rounds, read as JSON lines, with seconds and tokens.

Started by `engine_speed`: ``python -m tests.benchmarks.contestants stock DIRECTORY SHAPE``.
"""

import json
import re
import sys
import time

from tests.benchmarks.shapes import IMAGE_PX, PROMPT
from tests.families.drawing import picture

WARM_UP = 10**6
"""Number of the picture that every side is asked about before it is timed, and never again."""


def pictures(shape, numbers):
    """The pictures of these numbers, the same for every side."""
    side = IMAGE_PX[shape]
    return [picture(number, size=(side, side), block_px=side // 16) for number in numbers]


def stock(directory, shape):
    """mlx_vlm as its documentation uses it: loaded as the checkpoint is, no BLAS but mlx's own."""
    import mlx_vlm

    from vlmkit import sources

    model, processor = mlx_vlm.load(directory, trust_remote_code=False)
    text = mlx_vlm.apply_chat_template(processor, model.config, PROMPT, num_images=1)

    def answer(asked, tokens):
        results = [
            mlx_vlm.generate(model, processor, text, image=[sources.decode(each)], max_tokens=tokens, temperature=0.0)
            for each in asked
        ]
        return [result.token_ids for result in results]

    return answer


def engine(directory, shape):
    """Our engine, all asks of a round at once."""
    from vlmkit.engines.mlx import open_engine
    from vlmkit.records import Ask, Sampling, one_question

    opened = open_engine(directory, slots=16)

    def answer(asked, tokens):
        futures = [
            opened.submit(Ask(messages=one_question(PROMPT, (each,)), sampling=Sampling(max_tokens=tokens)))
            for each in asked
        ]
        return [numbers(future.result().text) for future in futures]

    def numbers(text):
        tokenizer = opened._language.tokenizer
        return [tokenizer.convert_tokens_to_ids(word) for word in re.findall(r"⟨\d+⟩|.", text, re.DOTALL)]

    answer(pictures(shape, [WARM_UP]), 4)  # the second time is computed both ways and compared, see `LookedAt`
    return answer


def write_inputs(directory, shape, count):
    """What the processor makes of the pictures, for the side that has no processor of ours."""
    import numpy as np

    from vlmkit import sources
    from vlmkit.engines.mlx import open_engine

    with open_engine(directory) as opened:
        language = opened._language

        def work():
            prompts = [language.question(PROMPT, [sources.decode(each)]) for each in pictures(shape, range(count))]
            names = ("input_ids", "pixel_values", "pixel_attention_mask")
            return {name: np.concatenate([np.array(prompt.inputs[name]) for prompt in prompts]) for name in names}

        np.savez(f"{directory}/inputs.npz", **opened._desk.call(work))


def say(line):
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(answer, shape):
    """Answer rounds until the input ends; pictures are drawn before the clock starts."""
    answer(pictures(shape, [WARM_UP]), 4)
    say(json.dumps("ready"))
    for line in sys.stdin:
        numbers, tokens = json.loads(line)
        asked = pictures(shape, numbers)
        start_s = time.perf_counter()
        written = answer(asked, tokens)
        seconds = time.perf_counter() - start_s
        say(json.dumps({"seconds": seconds, "tokens": written}))


if __name__ == "__main__":
    side, *arguments = sys.argv[1:]
    if side == "inputs":
        write_inputs(arguments[0], arguments[1], int(arguments[2]))
    else:
        serve({"stock": stock, "engine": engine}[side](*arguments), arguments[1])
