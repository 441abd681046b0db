# placeholder until its owner writes it
from django.http import HttpResponse


def audit_list(request, **kwargs):
    return HttpResponse('audit_list: not written yet', status=501)
