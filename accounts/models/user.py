"""People. They sign in by email; nobody registers themselves."""

import zoneinfo
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower


def validate_zone(name):
    """Raises ValidationError unless ``name`` is an IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Choose one, such as America/New_York.")


class UserManager(BaseUserManager):
    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)

    def create_user(self, email, name, password=None, **fields):
        user = self.model(email=self.normalize_email(email), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, name, password=None, **fields):
        """A superuser maintains the installation; policy ignores the flag."""
        return self.create_user(email, name, password, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What she may do comes from her seats, never from a flag here.

    The middleware sets two things for one request: ``source``, the network address that the
    audit log records, and ``standing``, the seats that a page's questions of policy share.
    """

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    zone = models.CharField(
        "time zone", max_length=64, default="America/New_York", validators=[validate_zone]
    )
    shortcuts = models.BooleanField("keyboard shortcuts", default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]
    source = ""
    standing = None

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_without_case")
        ]

    def __str__(self):
        return self.name
