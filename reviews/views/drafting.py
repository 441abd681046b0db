# placeholder until its owner writes it
from django.http import HttpResponse


def submission_create(request, **kwargs):
    return HttpResponse('submission_create: not written yet', status=501)


def submission_edit(request, **kwargs):
    return HttpResponse('submission_edit: not written yet', status=501)
