# placeholder until its owner writes it
from django.http import HttpResponse


def seat_list(request, **kwargs):
    return HttpResponse('seat_list: not written yet', status=501)


def seat_give(request, **kwargs):
    return HttpResponse('seat_give: not written yet', status=501)


def seat_take(request, **kwargs):
    return HttpResponse('seat_take: not written yet', status=501)
