# placeholder until its owner writes it
from django.http import HttpResponse


def attachment_list(request, **kwargs):
    return HttpResponse('attachment_list: not written yet', status=501)


def attachment_edit(request, **kwargs):
    return HttpResponse('attachment_edit: not written yet', status=501)
