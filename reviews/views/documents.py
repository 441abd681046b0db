# placeholder until its owner writes it
from django.http import HttpResponse


def document_list(request, **kwargs):
    return HttpResponse('document_list: not written yet', status=501)


def document_add(request, **kwargs):
    return HttpResponse('document_add: not written yet', status=501)


def document_detail(request, **kwargs):
    return HttpResponse('document_detail: not written yet', status=501)


def version_add(request, **kwargs):
    return HttpResponse('version_add: not written yet', status=501)


def document_restrict(request, **kwargs):
    return HttpResponse('document_restrict: not written yet', status=501)


def version_download(request, **kwargs):
    return HttpResponse('version_download: not written yet', status=501)
