"""What an answer must be, enforced token by token with llguidance: JSON of a schema, a choice, a pattern, a grammar.

A matcher says before each token which ones keep the answer on the way to a valid one; the row's sampler chooses among
these alone. The masks are plain NumPy, so that the same code serves CPU, Metal and CUDA.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer, grammar_from

from vlmkit.errors import BadSchema, BadSetting, Refused, ServerFault

if TYPE_CHECKING:
    from vlmkit.backends import Abilities
    from vlmkit.records import Ask, Constraint

__all__ = ["Matcher", "TokenVocabulary", "check_constraint", "check_constraint_of", "check_tool_choice"]

# One way to write each value: no model then spends its tokens on white space.
_JSON_STYLE: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}

# Decoders that say what bytes a token is; without one, what a token adds to an answer cannot be told.
_BYTES = frozenset({"ByteLevel", "ByteFallback"})


@lru_cache(maxsize=256)
def _grammar(constraint: Constraint) -> str:
    if constraint.kind == "json_schema":
        return str(LLMatcher.grammar_from_json_schema(constraint.text, overrides=_JSON_STYLE))
    if constraint.kind == "choice":
        return str(grammar_from("choice", constraint.text))
    if constraint.kind == "grammar":
        return str(LLMatcher.grammar_from_lark(constraint.text))
    return str(LLMatcher.grammar_from_regex(constraint.text))


@lru_cache(maxsize=256)
def check_constraint(constraint: Constraint) -> None:
    """Make sure that a constraint can be enforced.

    Parameters
    ----------
    constraint : Constraint

    Raises
    ------
    BadSchema
        It is malformed, or uses a keyword that cannot be enforced; says which.
    """
    try:
        is_error, messages = LLMatcher.validate_grammar_with_warnings(_grammar(constraint))
    except ValueError as error:
        is_error, messages = True, [str(error)]
    if is_error:
        what = constraint.kind.replace("_", " ")
        raise BadSchema(f"{what}: it cannot be enforced while the answer is written: {messages[0].strip()}. Mend it.")


class TokenVocabulary:
    """A tokenizer as matchers need it; costs about a second to make, once for a model.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        A fast one; see `serves`.
    eos_token_ids : collection of int
        Every token that ends an answer.

    Raises
    ------
    BadSchema
        The tokenizer is not of a kind that can be read.
    """

    def __init__(self, tokenizer: Any, eos_token_ids: frozenset[int]) -> None:
        backend = json.loads(tokenizer.backend_tokenizer.to_str())
        # A copy that neither pads nor cuts: both would change what a matcher takes for the tokens of a text.
        backend["padding"] = backend["truncation"] = None
        try:
            self._tokenizer = LLTokenizer(json.dumps(backend), eos_token=sorted(eos_token_ids))
        except ValueError as error:
            message = f"the model's tokenizer cannot be used to constrain answers: {error}"
            raise BadSchema(f"{message}. Ask without schema or choices, or name another model.") from error

    @staticmethod
    def serves(tokenizer: Any) -> bool:
        """Whether a tokenizer is of a kind that can be read: one of the Rust library's, whose tokens are bytes."""
        decoder = getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None)
        if decoder is None:
            return False
        written = json.loads(decoder.__getstate__())
        return any(part["type"] in _BYTES for part in written.get("decoders", [written]))

    def matcher(self, constraint: Constraint) -> Matcher:
        """A matcher at the beginning of an answer.

        Parameters
        ----------
        constraint : Constraint

        Raises
        ------
        Refused
            A grammar has a special token that this model does not have.
        """
        matcher = LLMatcher(self._tokenizer, _grammar(constraint))
        if matcher.is_error():
            what = constraint.kind.replace("_", " ")
            raise Refused(f"{what}: this model cannot keep it: {matcher.get_error().strip()}. Mend it.")
        return Matcher(matcher)


class Matcher:
    """Follows one answer through its grammar.

    Parameters
    ----------
    matcher : llguidance.LLMatcher
    """

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    def allowed(self, size: int) -> np.ndarray[Any, Any]:
        """Which tokens may follow; after a complete answer only those that end it.

        Parameters
        ----------
        size : int
            Width of the logits; padding beyond the vocabulary is never allowed.

        Returns
        -------
        ndarray of bool, shape (size,)

        Raises
        ------
        ServerFault
            The grammar grew beyond what can be followed.
        """
        bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), np.uint8), bitorder="little")
        self._check()
        mask = np.zeros(size, bool)
        mask[: bits.size] = bits[:size]
        return mask

    def take(self, token: int) -> None:
        """Go on by one token.

        Raises
        ------
        ServerFault
            As `allowed`.
        """
        # An end of text ends the matcher, and taking it again would be an error of its own.
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token)
            self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            message = f"the answer's grammar cannot be followed further: {self._matcher.get_error().strip()}."
            raise ServerFault(f"{message} Use a simpler or more bounded schema.")


def check_constraint_of(model: str, abilities: Abilities, constraint: Constraint | None) -> None:
    """See that a model can keep a constraint.

    Parameters
    ----------
    model : str
        Full name, for messages.
    abilities : Abilities
    constraint : Constraint or None

    Raises
    ------
    BadSchema
        It cannot, or the constraint is none.
    """
    if constraint is None:
        return
    if not abilities.json_schema:
        raise BadSchema(
            f"{model}: its tokenizer is of a kind with which answers cannot be constrained. Ask without "
            "a constraint, or name another model."
        )
    check_constraint(constraint)


def check_tool_choice(model: str, ask: Ask) -> None:
    """See that a call that must be made can be forced: only a constraint knows the form of a family's calls.

    Parameters
    ----------
    model : str
        Full name, for messages.
    ask : Ask

    Raises
    ------
    BadSetting
        It cannot.
    """
    if ask.tool_choice not in {"auto", "none"} and ask.constraint is None:
        raise BadSetting(
            f"tool_choice: {ask.tool_choice!r} needs a constraint, as {model} writes its calls in a form of its own. "
            'Give a Constraint of kind "grammar" that describes the call, or leave the choice to the model ("auto").'
        )
