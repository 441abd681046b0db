"""What a mail looks like on the wire, apart from what it says."""

import string
from email.errors import HeaderParseError
from email.policy import Compat32

from hypothesis import example, given
from hypothesis import strategies as st

from reviews.emails import Mail

NAMES = st.text(string.ascii_letters + "-", min_size=1, max_size=30)
VALUES = st.one_of(
    st.text(string.printable, max_size=120),
    st.text(max_size=120),
    st.lists(st.text(string.ascii_letters + "<>@.", min_size=1, max_size=60)).map(" ".join),
)


def mail(**headers):
    one = Mail("Subject", "Text", "no-reply@foreview.example", ["a@test.example"], headers=headers)
    one.attach_alternative("<p>Text</p>", "text/html")
    return one


def outcome(policy, name, value):
    """The line that a policy writes, or the words of its refusal."""
    try:
        return policy.fold_binary(name, value)
    except HeaderParseError as refusal:
        return str(refusal)


@given(NAMES, VALUES)
@example("A", "\r0:")
def test_a_header_is_written_as_the_library_writes_it(name, value):
    ours = mail().message().policy
    assert isinstance(ours, Compat32)
    assert outcome(ours, name, value) == outcome(Compat32(), name, value)


def test_the_boundary_is_another_in_every_mail():
    first, second = mail().message(), mail().message()
    assert first.get_boundary() != second.get_boundary()
    assert first.as_bytes().count(first.get_boundary().encode()) == 4


def test_an_address_goes_to_the_server_as_the_server_knows_it():
    one = mail(From="Foreview <no-reply@foreview.example>")
    one.to = ["reader@bücher.example"]
    sender, recipients, content = one.envelope()
    assert (sender, recipients) == ("no-reply@foreview.example", ["reader@xn--bcher-kva.example"])
    assert b"\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")
