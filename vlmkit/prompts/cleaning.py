"""What models put around an answer is taken off: template tokens, thinking, announcements, labels, fences, offers.

Each station takes a text and gives a cleaner one. What stands inside an answer stays, and so does what an answer that
was read off a picture may have from there.

A mark of a chat template at either end of an answer, or one that ends the model's turn, is not part of it. One in the
middle of a sentence may be what the picture shows, so it stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vlmkit.prompts.refusals import begins_an_offer
from vlmkit.untrusted import mend_surrogates

__all__ = [
    "INVISIBLE",
    "LABEL",
    "TOKEN",
    "cleaned",
    "drop_fence",
    "drop_label",
    "drop_offers",
    "drop_preamble",
    "drop_quotes",
    "drop_thinking",
    "drop_tokens",
]

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


_NOUN = (
    r"(?:descriptions?|captions?|answers?|responses?|summary|tags|analysis|breakdown|overview|json|object"
    r"|transcription"
    r"|transcript|translation|text|titles?|alt[- ]text)"
)
_AGREED = r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|gladly|yes|great|got it|understood)"
_EAGER = r"(?:(?:i['’]d|i would|i['’]ll|let me|thank you|thanks|happy to)\b[^\n:.!]{0,80}[.!,]\s*)"
# What models say before they answer. Only what names an answer and ends in a colon: "Here is a dog: …" is one already.
_PREAMBLE = re.compile(
    rf"(?:{_AGREED}\b[\s!.,:;–—-]*)?{_EAGER}?(?:based on (?:the|this) (?:image|picture|photo)[^\n:]{{0,20}}, )?"
    rf"(?:(?:here(?:['’]s| is| are)|below is|the following is|this is)\b[^\n:]{{0,60}}?\b{_NOUN}\b[^\n:]{{0,60}}:"
    rf"|(?:an?|the|my|one|possible|suggested) (?:\w+ ){{0,3}}?{_NOUN}\b[^\n:.]{{0,50}}\b(?:is|are|would be|could be"
    rf"|might be|may be)\s*:"
    r"|(?:sure(?: thing)?|certainly|of course|absolutely)[!.])\s*",
    re.IGNORECASE,
)
# These end in a colon, which most answers have not: compiled for the first one that has, and then remembered.
_OTHER_PREAMBLE = (
    r"(?i)(?:(?:¡?claro[^\n:]{0,20}|bien sûr|natürlich|gerne|certo|конечно|当然)[!,.！，。]?\s*)?"
    r"(?:aquí (?:tienes?|está)|voici|hier (?:ist|sind)|aqui está|ecco|вот|以下是|这是|這是|以下は|こちら"
    r"|다음은|إليك|यहाँ|এখানে|یہاں"
    r"|berikut|işte)"
    r"[^\n:：。.]{0,30}?(?:descripci|leyenda|légende|description|beschreibung|unterschrift|descriç|legenda|descrizione"
    r"|didascalia|описани"
    r"|подпис|описание|描述|说明|說明|标题|標題|説明|キャプション|설명|캡션|وصف|विवरण|বর্ণনা|تفصیل|deskripsi|keterangan|açıklama|respuesta"
    r"|réponse|antwort"
    r"|resposta|risposta|ответ|回答|答え|답변)[^\n:：。.]{0,30}?[:：]\s*"
)
_LABEL_WORDS = (
    r"(?:(?:(?:image|picture|photo|short|brief|detailed|concise|one-line|final|suggested|generated|new|your|the"
    r"|my) )*"
    r"(?:caption|description|alt[- ]text|answer|response|output)(?: (?:for|of) (?:the|this) (?:image|picture"
    r"|photo))?(?: is)?"
    r"|légende|réponse|descripción|respuesta|leyenda|beschreibung|bildbeschreibung|bildunterschrift|antwort"
    r"|descrição|legenda|resposta"
    r"|descrizione|didascalia|risposta|описание|подпись|ответ|(?:图片|圖片|图像)?(?:描述|说明|說明|标题|標題)|回答|答案|キャプション|説明|答え|캡션"
    r"|설명|답변|답)"
)
_CAPTION_LABEL = rf"(?i)(?:[*_]{{1,3}}|#{{1,6}}\s*)?{_LABEL_WORDS}(?:[*_]{{1,3}})?\s*[:：](?:[*_]{{1,3}})?\s*"
_CAPTION_HEADING = rf"(?i)(?:#{{1,6}}\s*{_LABEL_WORDS}|\*\*{_LABEL_WORDS}\*\*)\s*\n+"
LABEL = re.compile(
    r"(?:#{1,6}\s*)?\*{0,2}(?:ai assistant|assistant|ai|bot|chatbot|chatgpt|gpt-?\d\w*)\*{0,2}\s*[:：]\*{0,2}\s*"
    r"|(?-i:assistant\s*\n+)|###\s*(?:assistant|response|answer)\s*:?\s*\n",
    re.IGNORECASE,
)
"""Label of the model's turn, as a script of a conversation has it."""
_FENCE = r"(?s)(```+|~~~+)(?:[\w+-]*[ \t]*\n)?(.*?)\n?[ \t]*\1"
_QUOTES = {'"': '"', "'": "'", "“": "”", "«": "»", "„": "“”", "‘": "’", "「": "」", "『": "』", "`": "`", "‹": "›"}
_INNER_APOSTROPHE = r"(?<=\w)'(?=\w)"
_SENTENCE = r"(?<=[.!?…])[\"'”’)*]*\s+|(?<=[。！？])\s*|\n\s*"
_ASCII_MARKS = (". ", "! ", "? ", "\n")
_SENTENCE_MARKS = (*_ASCII_MARKS, "。", "！", "？", "। ")
_LONGEST_OFFER = 400  # characters; further back nobody looks


def cleaned(text: str, *, is_transcript: bool = False) -> str:
    """An answer without what models and templates put around it.

    Parameters
    ----------
    text : str
    is_transcript : bool, default False
        Whether the answer is read off a picture, which may itself have labels and offers.
    """
    text = drop_tokens(drop_thinking(mend_surrogates(text)))
    stations = _OF_A_TRANSCRIPT if is_transcript else _STATIONS
    previous = None
    while text != previous:  # a quoted text behind a label, inside a fence
        previous = text
        for station in stations:
            text = station(text).strip()
    return text


def _has_colon(text: str) -> bool:
    return ":" in text or "：" in text


def drop_preamble(text: str) -> str:
    """Leave out an announcement of the answer: "Sure! Here is a description of the image:"."""
    match = _PREAMBLE.match(text) or (re.match(_OTHER_PREAMBLE, text) if _has_colon(text) else None)
    return text[match.end() :] if match else text


def drop_label(text: str) -> str:
    """Leave out a label before the answer: "Assistant:", "**Caption:**"."""
    match = LABEL.match(text) or (re.match(_CAPTION_LABEL, text) if _has_colon(text) else None)
    if match is None and text.startswith(("#", "**")):
        match = re.match(_CAPTION_HEADING, text)
    return text[match.end() :] if match else text


def drop_fence(text: str) -> str:
    """Leave out the fence around a whole answer."""
    match = re.fullmatch(_FENCE, text) if text.startswith(("```", "~~~")) else None
    return match[2] if match and match[1] not in match[2] else text


def drop_quotes(text: str) -> str:
    """Leave out quotation marks around a whole answer; not those of two quotations."""
    ends = _QUOTES.get(text[:1])
    if ends is None or len(text) < 3 or text[-1] not in ends:
        return text
    inside = text[1:-1]
    bare = re.sub(_INNER_APOSTROPHE, "", inside) if text[0] == "'" else inside
    return inside if inside.strip() and not any(mark in bare for mark in text[0] + ends) else text


def drop_offers(text: str) -> str:
    """Leave out sentences at the end that offer more: "Let me know if you need anything else!"; not where all do."""
    end = len(text)
    first = max(0, end - _LONGEST_OFFER)
    if not begins_an_offer(text[_last_sentence(text) :]):
        return text
    starts = [match.end() for match in re.compile(_SENTENCE).finditer(text, first)]
    for start in reversed(starts):
        sentence = text[start:end].strip()
        if sentence and not begins_an_offer(sentence):
            return text[:end]
        end = start
    return text if end == len(text) or begins_an_offer(text) else text[:end]


def _last_sentence(text: str) -> int:
    """Where the last sentence of a text begins, found cheaply."""
    last = max([text.rfind(mark, 0, -1) for mark in (_ASCII_MARKS if text.isascii() else _SENTENCE_MARKS)])
    return last + 1


_OF_A_TRANSCRIPT: tuple[Callable[[str], str], ...] = (drop_preamble, drop_fence, drop_quotes)
_STATIONS: tuple[Callable[[str], str], ...] = (drop_offers, drop_preamble, drop_label, drop_fence, drop_quotes)
