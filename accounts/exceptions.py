"""What accounts refuses, in words meant for the person who asked."""


class SeatRefused(Exception):
    """The seat cannot be given or taken as asked."""


class PersonnelRefused(Exception):
    """The personnel record cannot be kept as asked."""


class AbsenceRefused(Exception):
    """The absence cannot be noted as asked; ``field`` names what to mend, None for all of it."""

    def __init__(self, message, field=None):
        super().__init__(message)
        self.field = field
