"""What tests of access to labs' models share: addresses, what is typed, how answers are read."""

from datetime import timedelta

LIST = "/access/"
BOXES = {"credentials_disabled": "on", "copies_gone": "on"}


def url(grant, verb=""):
    """Where one grant is, or where ``verb`` is done to it."""
    return f"{LIST}{grant.key}/{verb}/" if verb else f"{LIST}{grant.key}/"


def body(response):
    """The page as text."""
    return response.content.decode()


def when(name, value):
    """What the parts of a date and time are sent as, in Eastern time."""
    local = value - timedelta(hours=4)
    return {
        f"{name}_month": local.month,
        f"{name}_day": local.day,
        f"{name}_year": local.year,
        f"{name}_time": f"{local:%H:%M}",
    }
