"""What a call needs open while it runs: the store, the model, the models to fall back to; given back at its end."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from vlmkit import settings
from vlmkit.backends import Backend, borrow, parse
from vlmkit.errors import MissingExtra, MissingKey, ModelLoadFailed, ModelNotFound, SetupError, StoreFault, Unreachable
from vlmkit.frame.options import CheckedOptions
from vlmkit.notices import warn
from vlmkit.runner import Target, target_of
from vlmkit.store import Store, StoreChoice, choose_store, default_path, open_store

__all__ = ["Resources", "check_names", "open_resources"]

_ANY_SIDE_PX = 1568
_UNUSABLE = (MissingKey, MissingExtra, ModelLoadFailed, ModelNotFound)

_log = logging.getLogger(__name__)


class Resources(NamedTuple):
    """Open store, if any, and who is asked, in order."""

    store: Store | None
    targets: list[Target]


def check_names(options: CheckedOptions) -> None:
    """See that the models and the store can be understood; opens nothing.

    Parameters
    ----------
    options : CheckedOptions

    Raises
    ------
    SetupError
        No model was named, a name means nothing, or the store is none of the things it may be.
    """
    choose_store(options.store)
    if not isinstance(options.model, Backend):
        parse(settings.require_model(options.model))
    for fallback in options.fallback:
        if not isinstance(fallback, Backend):
            parse(fallback)


def open_resources(options: CheckedOptions, lease: ExitStack) -> Resources:
    """Open what a call needs; nothing but the store where that alone may answer.

    Parameters
    ----------
    options : CheckedOptions
    lease : ExitStack
        Gives everything back.

    Raises
    ------
    SetupError
        Something cannot be opened, fallbacks included.
    """
    choice = choose_store(options.store)
    store = _open_store(choice) if choice else None
    if store:
        lease.callback(store.close)
    if choice and choice.replay and store:
        return Resources(store, _replayed(options, store))
    targets = list(_targets([options.model, *options.fallback], store, lease))
    while targets[-1].backend is None:  # behind it there is nobody left to ask
        targets.pop()
    return Resources(store, targets)


def _targets(models: Sequence[str | Backend | None], store: Store | None, lease: ExitStack) -> Iterator[Target]:
    """Who is asked: a model that cannot be used is left out where another is named, its stored answers are not.

    That is the first one, whatever keeps it from answering; of those behind it a server that is not there. What is
    wrong with the names and settings of any of them is found before the first row.
    """
    first: SetupError | None = None
    reached = False
    for place, model in enumerate(models):
        try:
            yield _target(model, lease)
            reached = True
        except SetupError as error:
            unusable = isinstance(error, _UNUSABLE) if place == 0 else isinstance(error.__cause__, Unreachable)
            if len(models) == 1 or not unusable:
                raise
            first = first or error
            _log.warning("%s It is left out; the other models named are asked.", error)
            yield from _known(model, store) if store else ()
    if first is not None and not reached:
        raise first


def _open_store(choice: StoreChoice) -> Store | None:
    if choice.path != default_path() or choice.replay:
        return open_store(choice.path, writable=not choice.replay)
    # The default file's folder is made on first use; a folder the user names is not, because it may be a slip.
    try:
        return open_store()
    except StoreFault as fault:
        # Nobody asked for this file: a home that cannot be written to must not end a run. What is in the file was paid
        # for: it answers as far as it can be read; one that cannot be read ends the call.
        store = open_store(writable=False) if os.access(choice.path, os.R_OK) else None
        warn(f"{fault} Answers of this run are not kept.")
        return store


def _target(model: str | Backend | None, lease: ExitStack) -> Target:
    if isinstance(model, Backend):
        return target_of(model)
    named = settings.require_model(model)
    return target_of(lease.enter_context(borrow(named)), named=named)


def _replayed(options: CheckedOptions, store: Store) -> list[Target]:
    """Everything the store knows of the models named, newest first: all revisions, all pixel budgets."""
    known = [target for model in (options.model, *options.fallback) for target in _known(model, store)]
    if not known:
        named = options.model.model if isinstance(options.model, Backend) else settings.require_model(options.model)
        raise SetupError(
            f'store {store.path}: it has no answers of {named}, and store="replay" asks nobody. Run it once with '
            "store=True, where the model is at hand, or name another file with store='replay:FILE'."
        )
    return known


def _known(model: str | Backend | None, store: Store) -> list[Target]:
    if isinstance(model, Backend):
        named, names = model.model, [model.model]
    else:
        named = settings.require_model(model)
        names = [named, str(parse(named))]
    known = dict.fromkeys(entry for name in names for entry in store.known(name))
    return [
        Target(
            model=name,
            revision=revision,
            longest_side_px=side or _ANY_SIDE_PX,
            backend=None,
            named=named,
            lossless=lossless,
        )
        for name, revision, side, lossless in known
    ]
