"""What accounts refuses, in words meant for the person who asked."""


class SeatRefused(Exception):
    """The seat cannot be given or taken as asked."""
