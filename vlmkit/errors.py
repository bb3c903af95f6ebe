"""Every error vlmkit raises, in one tree.

    VlmkitError
    ├── SetupError            fix your call; raised before anything is spent
    │   ├── UnknownModel      the name names no engine, or no model was named at all
    │   ├── ModelNotFound     the engine is known, the model is not there          (also FileNotFoundError)
    │   ├── ModelLoadFailed   the model is there and cannot be used
    │   ├── MissingKey        a host needs an API key
    │   ├── MissingExtra      an optional package is not installed                 (also ImportError)
    │   ├── BadSchema         the schema cannot become columns, or arguments of a tool
    │   ├── BadSetting        an argument, variable or file entry has a wrong value (also ValueError)
    │   ├── BrokenPlugin      another package's plugin cannot be used, or raised an error of its own
    │   ├── ServerNotStarted  an MCP server cannot be started or reached
    │   └── StoreFault        the file of stored answers cannot be read or written
    ├── ChatError             a chat request that got no answer, as OpenAI's dialect has it: status, type, code
    └── RunError              this image, this time; becomes a row, never the end of a run
        ├── UnreadableImage   the bytes are not a picture, or the file cannot be read
        │   └── ImageNotFound there is no such file                                (also FileNotFoundError)
        ├── UnsupportedFormat the bytes are a picture nobody here can decode
        ├── ImageTooLarge     more pixels or bytes than allowed
        ├── BackendError      the model's side failed
        │   ├── Unreachable   no answer from the address                           (also ConnectionError)
        │   ├── Unauthorized  the key was refused
        │   ├── RateLimited   too many requests; like all of these it may say `retry_after_s`
        │   ├── TimedOut      the deadline passed                                  (also TimeoutError)
        │   ├── ServerFault   the model or server broke while answering
        │   └── Refused       the server or the model refused this request
        │       ├── PromptTooLong   pictures and prompt are more than the model reads
        │       └── PictureNotSeen  the model says that no picture came with the question
        ├── UnreadableReply   the answer cannot be read as asked
        ├── ServerGone        an MCP server ended before it answered               (also ConnectionError)
        ├── ToolError         a tool could not do what the model asked of it; the model is told
        └── Cancelled         stopped on purpose before an answer

A message says what failed, where, and what to do next.
"""

from __future__ import annotations

from vlmkit.untrusted import for_terminal, quoted

__all__ = [
    "BackendError",
    "BadSchema",
    "BadSetting",
    "BrokenPlugin",
    "Cancelled",
    "ChatError",
    "ImageNotFound",
    "ImageTooLarge",
    "MissingExtra",
    "MissingKey",
    "ModelLoadFailed",
    "ModelNotFound",
    "PictureNotSeen",
    "PromptTooLong",
    "RateLimited",
    "Refused",
    "RunError",
    "ServerFault",
    "ServerGone",
    "ServerNotStarted",
    "SetupError",
    "StoreFault",
    "TimedOut",
    "ToolError",
    "Unauthorized",
    "UnknownModel",
    "Unreachable",
    "UnreadableImage",
    "UnreadableReply",
    "UnsupportedFormat",
    "VlmkitError",
]


class VlmkitError(Exception):
    """Root of every error vlmkit raises on purpose.

    As a text it is safe to print: a file's name or a server's words in it cannot steer a terminal.

    Attributes
    ----------
    partial : object, default None
        What there was before it: of a run that ended early the table so far, of an answer that came too late the reply
        so far.
    """

    partial: object = None

    def reword(self, message: str) -> None:
        """Say the same with other words, such as where it happened.

        Parameters
        ----------
        message : str
        """
        self.args = (message,)

    def __str__(self) -> str:
        return for_terminal(super().__str__(), keep="\n\t")


class SetupError(VlmkitError):
    """The call, the settings or the machine must be changed; nothing was spent."""


class UnknownModel(SetupError):
    """No model was named, or the name's engine does not exist."""


class ModelNotFound(SetupError, FileNotFoundError):
    """The engine is known but has no such model, file or revision."""


class ModelLoadFailed(SetupError):
    """The model exists and cannot be loaded or used here."""


class MissingKey(SetupError):
    """The host needs an API key and none was given."""


class MissingExtra(SetupError, ImportError):
    """An optional package is needed and not installed."""


class BadSchema(SetupError):
    """The schema cannot be turned into columns, or the types of a function into arguments of a tool."""


class BadSetting(SetupError, ValueError):
    """An argument, environment variable or file entry has a value that cannot be used."""


class BrokenPlugin(SetupError):
    """What another package plugged in cannot be used, or failed with an error of its own."""


class ServerNotStarted(SetupError):
    """An MCP server cannot be started, or not be reached at its address."""


class StoreFault(SetupError):
    """The file of stored answers cannot be read or written; the one of these that can also come during a run."""


class ChatError(VlmkitError):
    """A chat request that got no answer, in the words of OpenAI's dialect.

    Parameters
    ----------
    message : str
    status : int, default 400
        HTTP status that says the same.
    kind : str, default "invalid_request_error"
        The dialect's ``type``: also ``"server_error"`` and ``"server_busy"``.
    param : str or None, default None
        Path of the field that is wrong, as ``messages[0].content[1]``.
    code : str or None, default None
        One word for programs, as ``"context_length_exceeded"``.
    retry_after_s : float or None, default None
        How long to wait before the next try, where that is known.
    should_retry : bool or None, default None
        Whether another try can succeed; None leaves it to the status.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        should_retry: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code
        self.retry_after_s = retry_after_s
        self.should_retry = should_retry

    @property
    def body(self) -> dict[str, dict[str, str | None]]:
        """The error object that clients of the dialect read."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}


class RunError(VlmkitError):
    """One picture could not be described this time; the run goes on."""


class UnreadableImage(RunError):
    """The bytes are not a readable picture, or the file cannot be opened."""


class ImageNotFound(UnreadableImage, FileNotFoundError):
    """There is no file at the picture's path."""


class UnsupportedFormat(RunError):
    """A picture in a format that cannot be decoded here."""


class ImageTooLarge(RunError):
    """More pixels or bytes than the limits allow."""


class BackendError(RunError):
    """The model's side failed to answer.

    Parameters
    ----------
    message : str
    retry_after_s : float or None, default None
        Seconds the server asked to wait before the next try, where it said so.
    is_fatal : bool, default False
        Whether it is certain that every further ask of this model would fail alike: the credit is used up, the model
        is gone. Such a fault ends the run.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, is_fatal: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_fatal = is_fatal


class Unreachable(BackendError, ConnectionError):
    """No connection to the address."""


class Unauthorized(BackendError):
    """The key was missing, wrong or not allowed to do this."""


class RateLimited(BackendError):
    """Too many requests; another try later can succeed."""


class TimedOut(BackendError, TimeoutError):
    """The deadline passed before the answer was complete.

    Parameters
    ----------
    message : str
    retry_after_s : float or None, default None
    is_fatal : bool, default False
    partial : Reply or None, default None
        What had been written until then, where anything had.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, is_fatal: bool = False, partial: object = None
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, is_fatal=is_fatal)
        self.partial = partial


class ServerFault(BackendError):
    """The model or the server broke while answering.

    Parameters
    ----------
    message : str
    retry_after_s : float or None, default None
    is_fatal : bool, default False
    is_transient : bool, default False
        Whether another try can succeed: a server is overloaded or restarting, not: a model breaks on a picture.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, is_fatal: bool = False, is_transient: bool = False
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, is_fatal=is_fatal)
        self.is_transient = is_transient


class Refused(BackendError):
    """The server, a filter or the model refused the request itself."""


class PromptTooLong(Refused):
    """Pictures and prompt, or these and the answer that is wanted, are more tokens than the model reads."""


class PictureNotSeen(Refused):
    """The model says that it got no picture, or cannot see any: whatever it wrote is about none."""


class UnreadableReply(RunError):
    """The answer came and cannot be read as asked.

    Parameters
    ----------
    problem : str
        What is wrong with the answer; a model that is asked again is told this.
    advice : str, default ""
        What a person can do.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(f"{problem} {advice}".rstrip())
        self.problem = problem

    @classmethod
    def expected(cls, what: str, text: str) -> UnreadableReply:
        """Fault of an answer that is not what was asked for.

        Parameters
        ----------
        what : str
            What was asked for, as "a number".
        text : str
            The answer.
        """
        return cls(f"expected {what}, got {quoted(text)}.", "Ask more plainly, or read it with dtype=str.")


class ServerGone(RunError, ConnectionError):
    """An MCP server ended before it answered; whether it acted is not known."""


class ToolError(RunError):
    """A tool could not do what it was asked to: the text says why, and what to ask for instead.

    Raise it in a tool for whatever a model can mend, such as a row that is not there; its text becomes the result.
    """


class Cancelled(RunError):
    """Stopped on purpose before an answer."""
