# placeholder until its owner writes it
from django.http import HttpResponse


def review_list(request, **kwargs):
    return HttpResponse('review_list: not written yet', status=501)


def review_assign(request, **kwargs):
    return HttpResponse('review_assign: not written yet', status=501)


def review_write(request, **kwargs):
    return HttpResponse('review_write: not written yet', status=501)


def review_detail(request, **kwargs):
    return HttpResponse('review_detail: not written yet', status=501)


def position_file(request, **kwargs):
    return HttpResponse('position_file: not written yet', status=501)


def review_recuse(request, **kwargs):
    return HttpResponse('review_recuse: not written yet', status=501)
