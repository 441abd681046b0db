# placeholder until its owner writes it
from django.http import HttpResponse


def submission_file(request, **kwargs):
    return HttpResponse('submission_file: not written yet', status=501)


def submission_shorten(request, **kwargs):
    return HttpResponse('submission_shorten: not written yet', status=501)


def submission_withdraw(request, **kwargs):
    return HttpResponse('submission_withdraw: not written yet', status=501)
