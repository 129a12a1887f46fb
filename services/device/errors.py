"""What can keep a device from doing what it is asked."""


class DeviceError(Exception):
    """Nothing that the device had accepted is lost by any of these."""


class OperationInvalid(DeviceError, ValueError):
    """No service would take this operation, so it was not logged."""


class Busy(DeviceError):
    """Another process or thread is uploading from the same log."""


class Unavailable(DeviceError):
    """No answer, or none that says what happened: try again later.

    `reached` is false if the request certainly got to no service; `retry_after` is in seconds.
    """

    def __init__(self, message: str, *, reached: bool, retry_after: float = 0) -> None:
        super().__init__(message)
        self.reached = reached
        self.retry_after = retry_after


class Refused(DeviceError):
    """The service answered that it did nothing. `kind` is the last word of the problem's type."""

    def __init__(self, kind: str, detail: str, expected: int | None = None) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.expected = expected


class SessionLost(Refused):
    """The service does not know the session, or no longer. What is pending waits: `begin` or `join`."""


class LinkInvalid(Refused):
    """The link code was used, is too old, or never was one. `join` with a new one."""
