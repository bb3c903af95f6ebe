"""Prompts: what is asked, and how the answer becomes values.

Takes   a style, a question, a `{column}` template; a reply.  Gives  a `Task`: writes a row's prompt, reads its answer.
May use errors, records, pydantic (for schemas).              Never  a picture, a model, a frame, a guessed value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "MISSING_TEXT",
    "STYLES",
    "VALUE_KINDS",
    "Field",
    "PromptStyle",
    "Task",
    "Template",
    "ValueKind",
    "compose_description",
    "compose_form",
    "compose_question",
    "compose_questions",
    "compose_score",
    "compose_tags",
    "kind_of_type",
    "style_prompt",
]

if TYPE_CHECKING:
    from vlmkit.prompts.composing import (
        compose_description,
        compose_form,
        compose_question,
        compose_questions,
        compose_score,
        compose_tags,
    )
    from vlmkit.prompts.styles import STYLES, PromptStyle, style_prompt
    from vlmkit.prompts.tasks import Field, Task
    from vlmkit.prompts.template import MISSING_TEXT, Template
    from vlmkit.prompts.value_kinds import VALUE_KINDS, ValueKind, kind_of_type
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "composing": "compose_description compose_form compose_question compose_questions compose_score "
            "compose_tags",
            "styles": "STYLES PromptStyle style_prompt",
            "tasks": "Field Task",
            "template": "MISSING_TEXT Template",
            "value_kinds": "VALUE_KINDS ValueKind kind_of_type",
        },
    )
