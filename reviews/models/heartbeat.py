"""Signs of life of what works unattended: the sweeps, the workers, beat."""

from django.db import models


class Heartbeat(models.Model):
    """When a part last did its work, and which process that was.

    ``lease_ends_at`` is set where only one process may do the work: nobody else takes it before
    then.
    """

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()
    lease_ends_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.name} at {self.at}"
