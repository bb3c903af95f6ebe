"""Pictures as a model is to see them: each is opened once, however many questions are asked about it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

from vlmkit.errors import RunError
from vlmkit.records import ImageRef, Message, Picture
from vlmkit.runner.plan import Example, OnPicture, Target
from vlmkit.sources import RECIPE, Limits, fingerprint, loaded, normalize, stamp
from vlmkit.store import PictureRecord, Store

__all__ = ["ExampleMessages", "PictureInput", "PictureInputs", "identity"]

_MOST_UNKNOWN = 4096
_MOST_KEPT = 128  # questions about one picture come one after another
_MOST_KEPT_BYTES = 64 * 2**20


def identity(target: Target, of_picture: str) -> str:
    """What the store knows a picture by: its stamp or fingerprint, and what the target makes of it.

    Parameters
    ----------
    target : Target
    of_picture : str
    """
    encoding = "lossless:" if target.lossless else ""
    return f"{RECIPE}:{target.longest_side_px}:{encoding}{of_picture}"


class PictureInput:
    """One picture for one target: what the store knows of it, and its bytes, each found out when it is needed.

    Parameters
    ----------
    ref : ImageRef
    target : Target
    store : Store or None
    limits : Limits
    unknown : set of str
        Identities of which it is known that the store does not know them; taken out once that was of use.
    on_picture : callable or None, default None
        As in `Plan`.
    """

    def __init__(
        self,
        ref: ImageRef,
        target: Target,
        store: Store | None,
        limits: Limits,
        unknown: set[str],
        on_picture: OnPicture | None = None,
    ) -> None:
        self._on_picture = on_picture
        self._unknown = unknown
        self._ref = ref
        self._loaded: ImageRef | None = None
        self._target = target
        self._store = store
        self._limits = limits
        self._lock = threading.RLock()

    @property
    def known_digest(self) -> str | None:
        """Digest by which the store knows the picture. Raises RunError where it cannot be read."""
        return self._known[1]

    @property
    def identities(self) -> tuple[str, ...]:
        """What the store is to know it by from now on."""
        return self._known[0]

    @property
    def picture(self) -> Picture:
        """Encoded bytes. Raises RunError where it cannot be read."""
        with self._lock:
            return self._picture

    @property
    def held_bytes(self) -> int:
        """Of the encoded picture, once it is there; asked from any thread, and waits for none."""
        picture = self.__dict__.get("_picture")
        return len(picture.data) if picture else 0

    def record(self) -> PictureRecord:
        """What the store keeps of it."""
        picture = self.picture
        return PictureRecord(
            digest=picture.digest,
            identities=self.identities,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
        )

    @property
    def _known(self) -> tuple[tuple[str, ...], str | None]:
        with self._lock:
            return self._looked_up

    @cached_property
    def _looked_up(self) -> tuple[tuple[str, ...], str | None]:
        """A stamp costs a look at the folder, a fingerprint the whole file; what was read once is kept for decoding."""
        if self._store is None:
            return (), None
        stamped = stamp(self._ref)
        identities = (identity(self._target, stamped),) if stamped else ()
        if identities and identities[0] in self._unknown:
            self._unknown.discard(identities[0])
        elif identities and (digest := self._store.picture_digest(identities[0])):
            return (), digest
        self._loaded = self._load()
        of_content = identity(self._target, fingerprint(self._loaded, limits=self._limits))
        digest = self._store.picture_digest(of_content)
        return (identities if digest else (*identities, of_content)), digest

    @cached_property
    def _picture(self) -> Picture:
        target = self._target
        content = self._loaded or (self._load() if self._on_picture else self._ref)
        picture = normalize(content, target.longest_side_px, lossless=target.lossless, limits=self._limits)
        self._loaded = None
        return picture

    def _load(self) -> ImageRef:
        """The picture in memory, which is told to whoever wants to know more of it: nobody else needs to open it."""
        try:
            content = loaded(self._ref, limits=self._limits)
        except RunError as fault:
            if self._on_picture:
                self._on_picture(self._ref, fault)
            raise
        if self._on_picture:
            self._on_picture(self._ref, content)
        return content


class PictureInputs:
    """PictureInputs of pictures; may be used from many threads.

    Parameters
    ----------
    store : Store or None
    limits : Limits
    keep : bool
        Whether the latest are kept for further questions about the same references.
    on_picture : callable or None, default None
        As in `Plan`.
    """

    def __init__(self, store: Store | None, limits: Limits, *, keep: bool, on_picture: OnPicture | None = None) -> None:
        self._on_picture = on_picture
        self._store = store
        self._limits = limits
        self._keep = keep
        self._unknown: set[str] = set()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int, bool], tuple[ImageRef, PictureInput]] = OrderedDict()

    def known_digests(self, identities: Sequence[str]) -> dict[str, str]:
        """Digests by which the store knows pictures, looked up together; of the others it is remembered.

        Parameters
        ----------
        identities : sequence of str
        """
        known = self._store.picture_digests(identities) if self._store and identities else {}
        if len(self._unknown) > _MOST_UNKNOWN:  # of rows that found their answers otherwise
            self._unknown.clear()
        self._unknown.update(each for each in identities if each not in known)
        return known

    def view(self, ref: ImageRef, target: Target) -> PictureInput:
        """PictureInput of a picture.

        Parameters
        ----------
        ref : ImageRef
        target : Target
        """
        if not self._keep:
            return self._new(ref, target)
        name = (id(ref), target.longest_side_px, target.lossless)
        with self._lock:
            # The reference is kept, too, as another one could get its address.
            _, view = self._kept.setdefault(name, (ref, self._new(ref, target)))
            self._kept.move_to_end(name)
            self._forget_some()
        return view

    def _new(self, ref: ImageRef, target: Target) -> PictureInput:
        return PictureInput(ref, target, self._store, self._limits, self._unknown, self._on_picture)

    def _forget_some(self) -> None:
        held = sum(view.held_bytes for _, view in self._kept.values())
        while len(self._kept) > 1 and (held > _MOST_KEPT_BYTES or len(self._kept) > _MOST_KEPT):
            _, (_, view) = self._kept.popitem(last=False)
            held -= view.held_bytes


class ExampleMessages:
    """Examples as messages of a conversation, their pictures opened once for each target.

    Parameters
    ----------
    inputs : PictureInputs
    """

    def __init__(self, inputs: PictureInputs) -> None:
        self._inputs = inputs
        self._lock = threading.Lock()
        self._made: dict[tuple[int, int, bool], tuple[Message, ...]] = {}

    def of(self, examples: Sequence[Example], target: Target) -> tuple[Message, ...]:
        """Questions and answers of the examples, in turn.

        Parameters
        ----------
        examples : sequence of Example
        target : Target

        Raises
        ------
        RunError
            A picture cannot be read.
        """
        if not examples:
            return ()
        name = (id(examples), target.longest_side_px, target.lossless)
        with self._lock:
            if name not in self._made:
                pairs = (self._messages(example, target) for example in examples)
                self._made[name] = tuple(message for pair in pairs for message in pair)
            return self._made[name]

    def _messages(self, example: Example, target: Target) -> tuple[Message, Message]:
        pictures = [self._inputs.view(ref, target).picture for ref in example.images]
        return Message.user(example.prompt, pictures), Message.assistant(example.answer)
