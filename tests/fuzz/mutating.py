"""How good inputs become bad ones: bytes changed, cut, repeated and spliced; JSON with other values; hostile texts."""

import copy
import json
import random

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF)
PIECES = (
    "\x1b[2J", "\x1b]0;x\x07", "\x00", "\x08", "\x7f", "\x85", "\x9b", "\r", "\n", "\r\n", "\t", "\u2028", "\u2029",
    "\u202e", "\u2066", "\u200b", "\u200d", "\u200c", "\u2060", "\ufeff", "\ufe0f", "\U000e0041", "\U000e007f",
    "\U000e0101", "\ud800", "\udcff", "\ufffe", "\uffff", "=1+1", "@SUM(A1)", "+1", "-1", "'", '"', '""', ",", ";", "|",
    "\\", "/", "..", "../", "%2F", "%00", "<script>", "</script>", "<image>", "<|im_end|>", "<think>", "]]>", "-->",
    "&lt;", "&#0;", "<!DOCTYPE a>", "{", "}", "{{", "{x}", "[", "]", "(", ")", "$$", "`", "```json\n", "# ", "\n\n",
    "http://x.y", "file:///etc/passwd", "null", "None", "NaN", "Infinity", "true", "1e999", "9" * 400, "-0", "0x1f",
    "一", "１２", "٣", "½", "²", "yes", "no", "I cannot", "não", "🇺🇦", "👩‍👩‍👧‍👦", "می‌خواهم", "क्‍ष", "é",
    "e\u0301", "ß", "İ", " " * 50, "a" * 300,
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 1, 3_000_000, 2**31, 2**63, -(2**63), 2**70, 1e308, 1e-308, float("inf"), float("nan"),
    "", "x", "\ud800", "../../etc/passwd", "__class__", "{{ 1/0 }}", "{% for a in range(9) %}", [], {}, [[]], [None],
    {"a": {"b": {}}}, [0] * 50, "9" * 400, {"": 1},
)  # fmt: skip


def mutated_bytes(draw: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """A file with some of it changed; often near its beginning, where what rules the rest stands."""
    mutant = bytearray(data)
    reach = draw.choice([24, 200, 2000, len(mutant)])
    for _ in range(draw.choice([1, 1, 2, 3, 8, 20])):
        at = draw.randrange(max(1, min(reach, len(mutant))))
        match draw.randrange(9):
            case 0:
                mutant[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                mutant[at : at + 1] = bytes([(mutant[at : at + 1] or b"\0")[0] ^ 1 << draw.randrange(8)])
            case 2 | 3:
                size, order = draw.choice([1, 2, 4, 8]), draw.choice(["big", "little"])
                mutant[at : at + size] = (draw.choice(NUMBERS) % 256**size).to_bytes(size, order)
            case 4:
                del mutant[at : at + draw.choice([1, 4, 100])]
            case 5:
                mutant[at:at] = mutant[at : at + draw.choice([1, 12, 300])]
            case 6:
                other = draw.choice(others)
                start = draw.randrange(max(1, len(other)))
                mutant[at:at] = other[start : start + draw.choice([4, 40, 400])]
            case 7:
                mutant[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 20)))
            case 8:
                mutant = mutant[: draw.randrange(len(mutant) + 1)] if draw.randrange(3) == 0 else mutant
    return bytes(mutant)


def mutated_text(draw: random.Random, text: str) -> str:
    """A text with hostile pieces put in, parts left out, doubled and moved."""
    for _ in range(draw.choice([0, 1, 1, 2, 4, 10])):
        at = draw.randrange(len(text) + 1)
        to = min(len(text), at + draw.choice([1, 3, 20]))
        match draw.randrange(6):
            case 0 | 1 | 2:
                text = text[:at] + draw.choice(PIECES) + text[at:]
            case 3:
                text = text[:at] + text[to:]
            case 4:
                text = text[:to] + text[at:]
            case 5:
                text = (
                    text[:at]
                    + chr(draw.choice([draw.randrange(128), draw.randrange(0x3000), draw.randrange(0x110000)]))
                    + text[at:]
                )
    return text


def mutated_json(draw: random.Random, value: object) -> object:
    """A JSON value some of whose parts are others, gone, doubled, or of another type."""
    value = copy.deepcopy(value)
    for _ in range(draw.choice([1, 1, 2, 4])):
        places = list(_places(value))
        if not places:
            return draw.choice(VALUES)
        holder, key = draw.choice(places)
        match draw.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder[key], str):
                holder[key] = mutated_text(draw, holder[key])
            case 2 if isinstance(holder[key], int | float):
                holder[key] = draw.choice([-1, 0, 2, 1000, 10**9, -(10**9)]) * (holder[key] or 1)
            case 3:
                other, name = draw.choice(places)
                if name in (other if isinstance(other, dict) else range(len(other))):
                    holder[key] = copy.deepcopy(other[name])
            case _:
                holder[key] = copy.deepcopy(draw.choice(VALUES))
    return value


def _places(value, depth=0):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items)[:200]:
        yield value, key
        if depth < 12:
            yield from _places(inner, depth + 1)


def as_bytes(value: object) -> bytes:
    """A JSON value as an input: halves of characters are escapes in it."""
    return json.dumps(value).encode()


def from_bytes(data: bytes, kind: type = list):
    """The value of such an input; None where the bytes are none, as those that a guided fuzzer makes up."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None
