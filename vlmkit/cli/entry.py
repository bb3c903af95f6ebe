"""The `vlmkit` command: collects the commands and turns how they end into an exit code.

0 everything worked · 1 some row failed, or the set-up · 2 the command was written wrongly · 130 interrupted (Ctrl-C)
143 terminated (SIGTERM)
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial

import click

from vlmkit.cli.interrupts import is_termination, terminable
from vlmkit.cli.lazy_group import LazyCommand, LazyGroup, command_of_verb
from vlmkit.cli.options import asks_for_json, in_words_of_shell
from vlmkit.cli.output import Complaints, say
from vlmkit.cli.verbs import VERBS
from vlmkit.errors import VlmkitError
from vlmkit.extras import open_by_name
from vlmkit.startup import release

__all__ = ["main", "run"]

_FAILED = 1
_INTERRUPTED = 130
_TERMINATED = 143


_PICTURES, _HERE = "Pictures and tables", "This machine"
_FILES = {
    "describe": (_PICTURES, "Descriptions of pictures, each as soon as it is there."),
    "export": (_PICTURES, "A table as a data set: for trainers and reviewers."),
    "models": (_HERE, "Models that can be named from here."),
    "health": (_HERE, "Whether models and servers are well."),
    "serve": (_HERE, "Models for OpenAI clients, with a queue for each, until it is stopped."),
    "mcp": (_HERE, "Pictures or a table for MCP hosts, such as Claude Desktop, Cursor or VS Code."),
    "runs": (_HERE, "What was asked before, and what exactly a row was sent."),
    "store": (_HERE, "The file that keeps what was answered: size, check, mend, prune, backup."),
    "doctor": (_HERE, "What is installed, how fast it is, and what to do."),
    "trust": (_HERE, "Consent to a vlmkit.toml that was found beside pictures."),
}
"""Commands that are files of `commands`; the other ones are rows of `VERBS`."""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(importlib.metadata.version("vlmkit"), prog_name="vlmkit")
def vlmkit() -> None:
    """Turn pictures into descriptions with a vision-language model."""


def _commands() -> list[LazyCommand]:
    files = [
        LazyCommand(
            name=name,
            summary=summary,
            open=partial(open_by_name, f"vlmkit.cli.commands.{name}:{name}"),
            heading=heading,
        )
        for name, (heading, summary) in _FILES.items()
    ]
    verbs = [
        LazyCommand(name=verb.name, summary=verb.summary, open=command_of_verb(verb), heading=_PICTURES)
        for verb in VERBS.values()
    ]
    return [files[0], *verbs, *files[1:]]


vlmkit.add_lazy(_commands())


def main() -> None:
    """Run the command line and leave with its exit code; what the installed ``vlmkit`` calls."""
    release()
    try:
        with terminable():
            code = run(sys.argv[1:])
    except KeyboardInterrupt as interrupt:  # between two lines of ours
        code = _ended(interrupt)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str
        Without the program's name.

    Returns
    -------
    int
        The exit code.
    """
    Complaints.as_json, Complaints.command = asks_for_json(arguments), None
    try:
        with warnings.catch_warnings():
            # To a person at a terminal the line of Python that warned means nothing.
            warnings.showwarning = lambda message, *_where, **_more: say(f"Warning: {message}")
            return int(vlmkit.main(list(arguments), prog_name="vlmkit", standalone_mode=False) or 0)
    except click.ClickException as error:
        if Complaints.as_json:
            Complaints.tell("Usage", error.format_message())
        else:
            error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as interrupt:
        return _ended(interrupt)
    except VlmkitError as error:
        kind, notes = type(error).__name__, getattr(error, "__notes__", [])
        text = in_words_of_shell("\n".join([str(error), *notes]), Complaints.command)
        Complaints.tell(kind, text if Complaints.as_json else f"{kind}: {text}")
        return _FAILED
    except BrokenPipeError:
        # Whoever read stdout has gone; Python would complain about it once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _FAILED


def _ended(interrupt: BaseException) -> int:
    if is_termination(interrupt):  # of which click makes an Abort
        Complaints.tell("Terminated", "Terminated.", status="interrupted")
        return _TERMINATED
    Complaints.tell("Interrupted", "Interrupted.", status="interrupted")
    return _INTERRUPTED
