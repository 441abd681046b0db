"""The Celery application. The broker only wakes workers; the database decides what is due."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("foreview")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
