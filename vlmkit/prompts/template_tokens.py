"""The marks of chat templates and thinking that are left in answers: found, and taken off.

A mark at either end of an answer, or one that ends the model's turn, is not part of it. One in the middle of a sentence
may be what the picture shows, so it stays.
"""

from __future__ import annotations

import re

__all__ = ["INVISIBLE", "TOKEN", "drop_thinking", "drop_tokens"]

INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u180e"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters without ink, which are not text where nothing else is."""

_NAMES = (
    r"s|eos|bos|pad|unk|mask|sep|cls|eot|eod|eop|sop|sos|eom|bot|im_start|im_end|image|img|start_of_turn|end_of_turn"
    r"|end_of_utterance|end_of_text|begin_of_text|start_of_text|end_of_message|end_of_sentence|start_of_image"
    r"|end_of_image"
    r"|begin_of_image|image_soft_token|fake_token_around_image|global-img|row_\d+_col_\d+|extra_id_\d+|unused_?\d+"
    r"|reserved_?\d+|0x[0-9a-f]{2}|turn\||\|turn|channel\||\|channel|vision_start|vision_end|image_pad"
    r"|image_placeholder"
)
TOKEN = (
    r"(?:<\|[^<>|\s][^<>|]{0,60}\|>|<｜[^<>｜]{1,60}｜>"
    rf"|</?(?:{_NAMES})>|<</?SYS>>"
    r"|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|IMG|IMG_BREAK|IMG_END|IMAGE|img-?\d+|SEP|CLS|PAD|UNK"
    r"|MASK"
    r"|gMASK|BOS|EOS|control_\d+)\])"
)
"""Pattern of one mark of a template, in any case."""

_TURN = (
    r"(?:<\|(?:im_start|start_header_id|header_start|start|start_of_role|role_start|turn_start)\|>|<start_of_turn>"
    r"|<\|turn>)"
)
# To compile these takes longer than all the rest that is done for an answer, and most answers have no mark in them:
# `re.compile` remembers what it has compiled.
_LEADING = rf"(?i)\A(?:[\s{INVISIBLE}]+|{_TURN}\s*(?-i:assistant|model)?\b|{TOKEN})+(?:(?-i:assistant|model)\s*\n+)?"
_TRAILING = rf"(?i){TOKEN}\Z"
_ENDS_TURN = (
    r"(?:<\|(?:im_end|eot_id|eot|eom_id|end|endoftext|end_of_text|end_of_turn|endofturn|return|end_of_response)\|>"
    r"|<｜end▁of▁sentence｜>|<end_of_turn>|<end_of_utterance>|<eos>|<eot>|<turn\|>|</s>|\[/?INST\])"
)
# Behind the end of the turn comes another, or what the model went on with; a mark within a sentence is not an end.
_END_OF_TURN = rf"(?i)(?<=[^\s\"'“”‘’`(\[]){_ENDS_TURN}|\s*{_ENDS_TURN}\s*{_TURN}|\s*{_TURN}\s*(?:user|human|system)\b"
_BOX = r"<\|(?:begin|end)_of_box\|>"
_NAMED = (
    r"(?i)\b(?:tags?|tokens?|elements?|markup|symbols?|html|code|reads?|says|text|like|called|named|with|and|or|the|an?"
    r"|of|is|by|as|written)\s\Z"
)
_FINAL = r"<\|channel\|>\s*final\b[^<]*<\|message\|>"
_BARE_FINAL = r"(?s)\Aanalysis(?=[\sA-Z]).*assistant\s?final(?=[\sA-Z\W])"
_THINK = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning)"
_THINKING = (
    rf"(?si)<({_THINK})>.*?(?:</\1>|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z)|◁think▷.*?(?:◁/think▷|\Z)"
    r"|<\|begin_of_thought\|>.*?(?:<\|end_of_thought\|>|\Z)|<\|START_THINKING\|>.*?(?:<\|END_THINKING\|>|\Z)"
    r"|<\|channel>thought.*?(?:<channel\|>|\Z)"
)
_THOUGHT_END = rf"(?si)\A.*(?:</{_THINK}>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|END_THINKING\|>|<channel\|>)"
_ANSWER = r"(?si)\s*<(answer|output|response|final_answer|conclusion|caption|description|alt_text)>(.*?)(?:</\1>\s*|\Z)"


def drop_thinking(text: str) -> str:
    """Leave out what a model thought: between tags, ended or not, opened by it or by its template; in other channels.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Empty where there was nothing else.
    """
    if text.startswith("analysis"):
        text = re.sub(_BARE_FINAL, "", text)
    if not any(mark in text for mark in "<[◁"):
        return text
    if "<|channel|>" in text:
        finals = list(re.finditer(_FINAL, text))
        text = text[finals[-1].end() :] if finals else text.partition("<|channel|>")[0]
    text = re.sub(_THOUGHT_END, "", re.sub(_THINKING, "", text))
    answer = re.fullmatch(_ANSWER, text)
    return answer[2] if answer else text


def drop_tokens(text: str) -> str:
    """Leave out marks of a template at both ends, and all that stands behind the end of the model's turn.

    Parameters
    ----------
    text : str
    """
    text = text.strip()
    if "<" not in text and "[" not in text and text[:1] not in INVISIBLE and text[-1:] not in INVISIBLE:
        return text
    text = re.sub(_LEADING, "", re.sub(_BOX, "", text))
    for end in re.finditer(_END_OF_TURN, text):
        if "</s>" not in end[0] or "<s>" not in text[: end.start()]:  # struck out, in HTML
            text = text[: end.start()]
            break
    return _without_trailing(text)


def _without_trailing(text: str) -> str:
    while True:
        text = text.rstrip().rstrip(INVISIBLE)
        token = re.compile(_TRAILING).search(text, max(0, len(text) - 80)) if text.endswith((">", "]")) else None
        if token is None or re.compile(_NAMED).search(text, max(0, token.start() - 20), token.start()):
            return text
        text = text[: token.start()]
