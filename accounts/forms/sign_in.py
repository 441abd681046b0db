"""Signing in with email and password."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """Django's own form; the message is the same whether or not the account exists."""

    username = forms.EmailField(
        label="Email address",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": False}),
    )
    error_messages = {  # noqa: RUF012 - Django's own attribute
        "invalid_login": "That email address and password do not match an account. Check both, "
        "or ask your administrator.",
        "inactive": "That email address and password do not match an account. Check both, "
        "or ask your administrator.",
    }
