"""A loaded checkpoint as the scheduler sees it: prompts in, text out, where a text ends.

Imported on the desk only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vlmkit.engines import foreign, grammar, locate
from vlmkit.engines.decoding import Prompt
from vlmkit.engines.template import Conversation, Said, own_template
from vlmkit.records import Constraint, Turn

if TYPE_CHECKING:
    from vlmkit.engines.inspection import Checkpoint

__all__ = ["LoadedModel"]


class LoadedModel:
    """Model, processor and what is read off them.

    Parameters
    ----------
    name : str
        Full name, as ``mlx:…``.
    model : mlx_vlm model
    processor : transformers processor
    checkpoint : Checkpoint

    Attributes
    ----------
    context_length : int or None
        Most tokens of prompt and answer together.
    """

    def __init__(self, name: str, model: Any, processor: Any, checkpoint: Checkpoint) -> None:
        self.name = name
        self.model = model
        self.processor = processor
        self.checkpoint = checkpoint
        self.context_length = checkpoint.context_length
        self._config = checkpoint.config
        own, is_ours = own_template(checkpoint.directory), locate.is_bundled(checkpoint.directory)
        self._template = foreign.chat_template(model.config.model_type, processor, own, name=name, is_ours=is_ours)
        self.tokenizer = getattr(processor, "tokenizer", processor)
        # The criteria are shared, mutable state of the tokenizer: asked once, before anybody adds to them.
        self.tokenizer.stopping_criteria.reset(getattr(model.config, "eos_token_id", None))
        self.eos_token_ids = frozenset(self.tokenizer.stopping_criteria.eos_token_ids)
        self._vocabulary: grammar.Vocabulary | None = None

    @property
    def can_constrain(self) -> bool:
        """Whether `matcher` serves this tokenizer."""
        return grammar.Vocabulary.serves(self.tokenizer)

    def matcher(self, constraint: Constraint) -> grammar.Matcher:
        """What enforces a constraint, at the beginning of an answer."""
        if self._vocabulary is None:
            self._vocabulary = grammar.Vocabulary(self.tokenizer, self.eos_token_ids)
        return self._vocabulary.matcher(constraint)

    def prompt(self, text: str, system: str | None, images: Sequence[Any], turns: Sequence[Turn] = ()) -> Prompt:
        """Finished prompt; raises whatever template or processor raise."""
        shown_before = sum(len(turn.pictures) for turn in turns)
        conversation = Conversation(
            questions=(
                *(Said(turn.prompt, len(turn.pictures)) for turn in turns),
                Said(text, len(images) - shown_before),
            ),
            answers=tuple(turn.answer for turn in turns),
            system=system or None,
        )
        finished = (
            self._template.text(conversation)
            if self._template is not None
            else foreign.plain_prompt(self.model, self.processor, conversation)
        )
        with foreign.on_stream():
            inputs = foreign.model_inputs(self.model, self.processor, finished, images)
        return Prompt(
            text=finished,
            token_ids=inputs["input_ids"][0].tolist(),
            inputs=inputs,
            image_token=foreign.image_token_id(self.model, self.processor, self._config, inputs),
        )

    def as_read(self, prompt: Prompt) -> str:
        """A prompt's tokens as text, markers included; a run of the picture's token is shown once."""
        shown = [
            token
            for token, before in zip(prompt.token_ids, [None, *prompt.token_ids], strict=False)
            if token != prompt.image_token or token != before
        ]
        text: str = self.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    def decode(self, tokens: list[int]) -> str:
        """Text of tokens, markers of the template left out."""
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def encode(self, text: str) -> list[int]:
        """Tokens of a text, without markers."""
        tokens: list[int] = self.tokenizer.encode(text, add_special_tokens=False)
        return tokens
