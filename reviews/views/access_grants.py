# placeholder until its owner writes it
from django.http import HttpResponse


def grant_list(request, **kwargs):
    return HttpResponse('grant_list: not written yet', status=501)


def submission_grants(request, **kwargs):
    return HttpResponse('submission_grants: not written yet', status=501)


def grant_request(request, **kwargs):
    return HttpResponse('grant_request: not written yet', status=501)


def grant_detail(request, **kwargs):
    return HttpResponse('grant_detail: not written yet', status=501)


def grant_consent(request, **kwargs):
    return HttpResponse('grant_consent: not written yet', status=501)


def grant_decline(request, **kwargs):
    return HttpResponse('grant_decline: not written yet', status=501)


def grant_authorize(request, **kwargs):
    return HttpResponse('grant_authorize: not written yet', status=501)


def grant_revoke(request, **kwargs):
    return HttpResponse('grant_revoke: not written yet', status=501)


def grant_use(request, **kwargs):
    return HttpResponse('grant_use: not written yet', status=501)


def grant_attest(request, **kwargs):
    return HttpResponse('grant_attest: not written yet', status=501)
