"""What a person may change about herself: the zone of her times, and keyboard shortcuts."""

import zoneinfo

from django import forms

from accounts.models import User

# The zones of the United States first, from east to west, under the names people use.
NEAR = [
    ("America/New_York", "Eastern"),
    ("America/Chicago", "Central"),
    ("America/Denver", "Mountain"),
    ("America/Phoenix", "Arizona"),
    ("America/Los_Angeles", "Pacific"),
    ("America/Anchorage", "Alaska"),
    ("Pacific/Honolulu", "Hawaii"),
    ("UTC", "UTC"),
]


def zones():
    """Every time zone, those of the United States first."""
    near = dict(NEAR)
    far = sorted(
        name for name in zoneinfo.available_timezones() if "/" in name and name not in near
    )
    return [
        ("United States and UTC", NEAR),
        ("Elsewhere", [(name, name.replace("_", " ")) for name in far]),
    ]


class ProfileForm(forms.ModelForm):
    """Name and email are the administrators' to change: the audit log knows people by them."""

    zone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        help_text="Times are shown to you, and read from you, in this zone.",
        error_messages={"invalid_choice": "Choose a time zone from the list."},
    )

    shortcuts = forms.BooleanField(
        label="Keyboard shortcuts",
        required=False,
        help_text="Single keys such as ? and j do something while no field has the focus. Switch "
        "them off if you speak to your computer, or press keys by accident.",
    )

    class Meta:
        model = User
        fields = ("zone", "shortcuts")
