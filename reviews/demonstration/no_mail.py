"""Mail of the older past reaches nobody: it was sent before the demonstration's sink began."""

from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """A mail server that takes everything and keeps nothing."""

    @property
    def connection(self):
        return self

    def sendmail(self, *envelope):
        """Taken."""

    def send_messages(self, messages):
        return len(messages)
