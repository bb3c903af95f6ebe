"""What models put around an answer is taken off: announcements, labels, fences, quotation marks, offers at the end.

Each station takes a text and gives a cleaner one. What stands inside an answer stays, and so does what an answer that
was read off a picture may have from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vlmkit.prompts.refusals import begins_an_offer
from vlmkit.prompts.template_tokens import drop_thinking, drop_tokens
from vlmkit.texts import mend_surrogates

__all__ = [
    "LABEL",
    "cleaned",
    "drop_fence",
    "drop_label",
    "drop_offers",
    "drop_preamble",
    "drop_quotes",
]

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
