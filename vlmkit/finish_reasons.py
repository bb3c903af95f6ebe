"""How an answer ended, told from the word a server or an engine has for it, in any spelling.

Every dialect has words of its own, and servers add to them. Only words that are known to mean "the model was done" are
an honest end; a word that nobody knows is none.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

__all__ = ["UNKNOWN", "Ending", "ending_of"]

UNKNOWN = "unknown"
"""Finish reason of an answer whose server gives none."""


class Ending(Enum):
    """What a finish reason means for the answer."""

    WHOLE = "the model was done, or the server does not say"
    CUT = "a limit of tokens or of time ended it"
    DECLINED = "a filter or the model itself withheld the rest"
    BROKEN = "an error or something unknown ended it"

    @property
    def is_settled(self) -> bool:
        """Whether the same question would end the same way again."""
        return self is Ending.WHOLE or self is Ending.CUT  # a set would call Python's own hash of each


_MARKS = r"[^a-z]+"
# An honest end consists of nothing but these, however it is put together: end_turn, eosToken, FINISH_REASON_STOP.
_HONEST = (
    r"(?:stop(?:ped)?|end(?:ed)?|eos|eot|eom|im|id|turn|sequence|token|word|string|str|natural|complet(?:ed|ion|e)|done"
    r"|finish(?:ed)?|reason|success|succeeded|ok|normal|unknown|unspecified|none|null|of|text|generation)+"
)
_DECLINED = (
    r"safety|unsafe|filter|refus|recit|prohibit|block|spii|policy|moderat|guardrail|harm|sensitiv|toxic|copyright"
    r"|declin|den(?:y|ied)|violat|censor|flagged|armor|abus|illegal|privacy|language"
)
_CUT = r"length|max|limit|truncat|exceed|context|incomplete|timeout|timedout|cutoff|pause|budget"


@lru_cache(maxsize=256)
def ending_of(finish_reason: str) -> Ending:
    """What a finish reason means.

    Parameters
    ----------
    finish_reason : str
        As a server or an engine said it, in any case and with any marks between its words.

    Examples
    --------
    >>> ending_of("end_turn").name, ending_of("MAX_TOKENS").name, ending_of("IMAGE_SAFETY").name
    ('WHOLE', 'CUT', 'DECLINED')
    >>> ending_of("abort").name
    'BROKEN'
    """
    said = re.sub(_MARKS, "", finish_reason.lower())
    if not finish_reason.strip() or re.fullmatch(_HONEST, said):
        return Ending.WHOLE
    if re.search(_DECLINED, said):
        return Ending.DECLINED
    return Ending.CUT if re.search(_CUT, said) else Ending.BROKEN
