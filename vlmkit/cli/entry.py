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

import click

from vlmkit.cli.commands.describe import describe
from vlmkit.cli.commands.doctor import doctor
from vlmkit.cli.commands.health import health
from vlmkit.cli.commands.models import models
from vlmkit.cli.commands.runs import runs
from vlmkit.cli.commands.store import store
from vlmkit.cli.commands.trust import trust
from vlmkit.cli.interrupts import is_termination, terminable
from vlmkit.cli.options import asks_for_json
from vlmkit.cli.output import Complaints, say
from vlmkit.errors import VlmkitError
from vlmkit.startup import release

__all__ = ["main", "run"]

_FAILED = 1
_INTERRUPTED = 130
_TERMINATED = 143


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(importlib.metadata.version("vlmkit"), prog_name="vlmkit")
def vlmkit() -> None:
    """Turn pictures into descriptions with a vision-language model."""


for _command in (describe, runs, models, health, store, doctor, trust):
    vlmkit.add_command(_command)


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
    Complaints.as_json = asks_for_json(arguments)
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
        text = "\n".join([str(error), *notes])
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
