"""What tests of the agencies' pages share: whose browser, addresses, and how answers are read."""

from django.test import Client
from django.urls import reverse


def signed_in(person):
    """A browser in which that person is signed in."""
    browser = Client()
    browser.force_login(person)
    return browser


def page(name, submission):
    """The address of a page of the submission."""
    return reverse(f"reviews:{name}", args=[submission.reference])


def text_of(response):
    """The whole page."""
    return response.content.decode()


def content_of(response):
    """The page without its frame, which shows the reader her own name."""
    return text_of(response).partition("<main")[2].partition("</main>")[0]
