"""Everything that can go wrong, by how far it reaches.

VivavoceError
  StartupError        the process cannot serve; printed with its remedy, exit 2
    ModelUnavailable    a model is missing or corrupt and no source could supply it
  SessionError        this connection ends; the socket closes with a code
    SessionRefused      there is no room for this session; try again later
    ClientStalled       the client does not read what it is sent
  TurnError           this turn ends as "failed", the session goes on
    EngineFailed        a model raised, or answered with something unusable
    EngineTooSlow       a model missed its deadline
    EngineBusy          a model's queue is full
    PromptRefused       the model cannot do what the prompt asks for; another prompt may do
    ToolFailed          a tool that runs beside the server could not do what was asked
    RateLimited         the key has asked for more than it may in this minute
  RequestError        one request of the client is refused; nothing else changes
  StorageError        the database cannot be used now; what needed it is not done, the rest goes on
"""

from typing import Literal


class VivavoceError(Exception):
    """Base of every error we raise on purpose."""


class StartupError(VivavoceError):
    """The process cannot serve. `remedy` says in one sentence what the user can do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class ModelUnavailable(StartupError):
    """A model is missing or corrupt and no source could supply it."""


class SessionError(VivavoceError):
    """This connection cannot go on."""


class SessionRefused(SessionError):
    """The server has no room for another session now."""


class ClientStalled(SessionError):
    """The client stopped reading what it is sent."""


class TurnError(VivavoceError):
    """This turn is lost; the session is not."""


class EngineFailed(TurnError):
    """A model raised, or answered with something unusable."""


class EngineTooSlow(TurnError):
    """A model missed its deadline."""


class EngineBusy(TurnError):
    """A model's queue is full. `seconds`: until it may have room again, where it said so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class PromptRefused(TurnError):
    """The prompt asks for what this model cannot do: the fault is in the request, not in the engine."""


class ToolFailed(TurnError):
    """A tool could not do what was asked; the message is fit for the model and for the person. `kind`: the tool itself
    failed, its server answered with an error of `code`, or could not be spoken with."""

    def __init__(
        self, message: str, *, kind: Literal["execution", "protocol", "http"] = "execution", code: int | None = None
    ) -> None:
        super().__init__(message)
        self.kind: Literal["execution", "protocol", "http"] = kind
        self.code = code


class RateLimited(TurnError):
    """The key has asked for more than it may. `name`: "requests" or "tokens"; `seconds`: until it may again."""

    def __init__(self, message: str, name: str, seconds: float) -> None:
        super().__init__(message)
        self.name = name
        self.seconds = seconds


class RequestError(VivavoceError):
    """The client asked for something that cannot be done; the session goes on unchanged.

    `param` is the path of the field at fault ("session.audio.input.format.rate"), `code` a stable
    word that programs may switch on.
    """

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class StorageError(VivavoceError):
    """The database cannot be used now. The message holds nothing that people wrote."""
