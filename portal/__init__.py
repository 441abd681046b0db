"""The composition root: settings, URLs, middleware, Celery. It owns no models."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
