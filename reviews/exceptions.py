"""What the domain refuses, in words meant for the person who asked.

The middleware turns each into a status: outside one's view 404, visible but not permitted
403, impossible in this state 409, no safe answer 503.
"""


class DomainError(Exception):
    """Something was refused; ``str`` says what and what to do."""


class NotVisible(DomainError):
    """The row is outside this person's view: answered exactly as a row that does not exist."""

    def __init__(self) -> None:
        super().__init__("There is no such page.")


class NotPermitted(DomainError):
    """The person sees the row and may not do this to it now."""

    def __init__(
        self,
        message: str = "You can see this, and you may not do that to it now. Either your seat "
        "does not include it, or the time for it has passed.",
    ) -> None:
        super().__init__(message)


class DeclarationNeeded(NotPermitted):
    """The page of the submission ``reference`` opens once the person has declared there."""

    def __init__(self, reference: str) -> None:
        super().__init__("Declare first that you have no conflict of interest.")
        self.reference = reference


class Conflict(DomainError):
    """The row's present state does not allow it."""


class IllegalTransition(Conflict):
    """The workflow's table has no such step from the present status."""


class StaleForm(Conflict):
    """Somebody else changed the row after the form was opened."""


class WindowRefused(Conflict):
    """The clock leaves no time for what was asked."""


class Incomplete(Conflict):
    """Something that the act requires is missing; ``missing`` names each item."""

    def __init__(self, message: str, missing: list[str]) -> None:
        super().__init__(message)
        self.missing = missing


class FileRefused(DomainError):
    """The uploaded file cannot be taken; ``status`` is the fitting HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Unavailable(DomainError):
    """Nothing can be decided safely at present, for anybody."""


class ClockDisagreement(Unavailable):
    """This machine's clock and the database's are too far apart to decide anything by."""


class RecordsBehind(Unavailable):
    """The database is older than what this portal has already acted upon: a backup was restored."""
