# placeholder until its owner writes it
from django.http import HttpResponse


def profile(request, **kwargs):
    return HttpResponse('profile: not written yet', status=501)
