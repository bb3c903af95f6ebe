"""A loaded checkpoint as the scheduler sees it: prompts in, text out, where a text ends.

Imported on the desk only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vlmkit.backends import CallMarkup, call_markup_of, with_tool_lines
from vlmkit.engines import grammar, locate, mlx_vlm_api
from vlmkit.engines.decoding import Prompt
from vlmkit.engines.desk import within
from vlmkit.engines.template import own_template, own_tool_template
from vlmkit.errors import Refused
from vlmkit.records import Ask, Constraint, Message, Picture, one_question

if TYPE_CHECKING:
    from vlmkit.engines.inspection import Checkpoint

__all__ = ["LoadedModel"]

# A tokenizer's expressions are a stranger's, and some look at a text in more ways than there is time for.
_TOKENIZING_S = 30.0
_PREPARING_S = 60.0
_MOST_CHARACTERS = 4096  # of a token; the longest are some hundred blanks
_STAND_IN = Picture(data=b"", media_type="", width=1, height=1, digest="")


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
        made = partial(mlx_vlm_api.chat_template, model.config.model_type, processor, name=name, is_ours=is_ours)
        self._template = made(own)
        for_tools = own_tool_template(checkpoint.directory)
        self._tool_template = self._template if for_tools is None else made(for_tools)
        self._tool_template_text = for_tools or own
        self.tokenizer = getattr(processor, "tokenizer", processor)
        # The criteria are shared, mutable state of the tokenizer: asked once, before anybody adds to them.
        self.tokenizer.stopping_criteria.reset(getattr(model.config, "eos_token_id", None))
        self.eos_token_ids = frozenset(self.tokenizer.stopping_criteria.eos_token_ids)
        self._vocabulary: grammar.TokenVocabulary | None = None

    @property
    def can_constrain(self) -> bool:
        """Whether `matcher` serves this tokenizer."""
        return grammar.TokenVocabulary.serves(self.tokenizer)

    def matcher(self, constraint: Constraint) -> grammar.Matcher:
        """What enforces a constraint, at the beginning of an answer."""
        if self._vocabulary is None:
            self._vocabulary = grammar.TokenVocabulary(self.tokenizer, self.eos_token_ids)
        return self._vocabulary.matcher(constraint)

    @property
    def call_markup(self) -> CallMarkup:
        """How calls of tools stand in its answers."""
        special = {
            token.content: number
            for number, token in getattr(self.tokenizer, "added_tokens_decoder", {}).items()
            if token.special
        }
        shown = self._tool_template_text if self._shows_tools else None
        try:
            prompt = self._finished(Ask(messages=(Message.user("?"),)))
        except Exception:  # noqa: BLE001  a template may break in any way over a question without a picture
            prompt = ""
        return call_markup_of(shown, special, prompt)

    @property
    def _shows_tools(self) -> bool:
        return self._tool_template is not None and self._tool_template.takes_tools

    def question(self, text: str, images: Sequence[Any]) -> Prompt:
        """Finished prompt of one question; raises as `prompt`."""
        return self.prompt(Ask(messages=one_question(text, [_STAND_IN] * len(images))), images)

    def prompt(self, ask: Ask, images: Sequence[Any]) -> Prompt:
        """Finished prompt; raises whatever template or processor raise.

        Parameters
        ----------
        ask : Ask
        images : sequence of PIL.Image.Image
            Its pictures, decoded.
        """
        finished = self._finished(ask)
        with within(_PREPARING_S, "making tokens and pixels of a question"), mlx_vlm_api.on_stream():
            inputs = mlx_vlm_api.model_inputs(self.model, self.processor, finished, images)
        return Prompt(
            text=finished,
            token_ids=inputs["input_ids"][0].tolist(),
            inputs=inputs,
            image_token=mlx_vlm_api.image_token_id(self.model, self.processor, self._config, inputs),
        )

    def _finished(self, ask: Ask) -> str:
        """Text of a prompt; where the template shows no tools, the conversation itself does."""
        tools = () if ask.tool_choice == "none" else ask.tools
        messages, template = ask.messages, self._template
        if tools or any(message.tool_calls for message in messages):
            if self._shows_tools:
                template = self._tool_template
            else:
                messages, tools = with_tool_lines(messages, tools), ()
        if template is None:
            return mlx_vlm_api.plain_prompt(self.model, self.processor, messages)
        return template.text(messages, tools)

    def as_read(self, prompt: Prompt) -> str:
        """A prompt's tokens as text, markers included; a run of the picture's token is shown once."""
        shown = [
            token
            for token, before in zip(prompt.token_ids, [None, *prompt.token_ids], strict=False)
            if token != prompt.image_token or token != before
        ]
        text: str = self.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    def decode(self, tokens: list[int], *, keep_special_tokens: bool = False) -> str:
        """Text of tokens.

        Parameters
        ----------
        tokens : list of int
        keep_special_tokens : bool, default False
            Whether markers of the template, and of tool calls, are text.

        Raises
        ------
        Refused
            The tokenizer makes more characters of a token than any language has.
        """
        with within(_TOKENIZING_S, "its tokenizer"):
            text: str = self.tokenizer.decode(
                tokens, skip_special_tokens=not keep_special_tokens, clean_up_tokenization_spaces=False
            )
        if len(text) > _MOST_CHARACTERS * len(tokens):
            raise Refused(
                f"{self.name}: its tokenizer makes {len(text)} characters of {len(tokens)} tokens, which no language "
                "has. Get the model again, or name another one."
            )
        return text

    def encode(self, text: str) -> list[int]:
        """Tokens of a text, without markers."""
        with within(_TOKENIZING_S, "its tokenizer"):
            tokens: list[int] = self.tokenizer.encode(text, add_special_tokens=False)
        return tokens
