"""The inbox, and how notices are delivered."""

from django.http import Http404


def delivery_choose(request):
    raise Http404


def topic_mute(request, token):
    raise Http404
