"""The discussion's pages."""

from django.urls import reverse

from tests import factories
from tests.discussions import edited, opened, posted
from tests.services.agency_pages import content_of, page, signed_in


def test_smoke(people):
    s = factories.filed(people)
    d = factories.document(s, people)
    t = opened(s, "own_agency", people.nsa_lead, mentions=[people.nsa_reviewer], documents=[d])
    w = opened(s, "with_lab", people.nsa_lead, title="To lab")
    p = posted(w, people.northlight_liaison, "northlight", mentions=[people.northlight_admin])
    p = edited(p)
    for who in (people.nsa_lead, people.northlight_liaison):
        b = signed_in(who)
        for u in [
            page("thread-list", s),
            page("thread-choose", s),
            w.get_absolute_url(),
            reverse("reviews:post-history", args=[p.key]),
            reverse("reviews:thread-create", args=[s.reference, "with_lab"]),
        ]:
            r = b.get(u)
            assert r.status_code == 200, u
            print(content_of(r))
    b = signed_in(people.northlight_liaison)
    r = b.get(reverse("reviews:post-edit", args=[p.key]))
    assert r.status_code == 200
    print(content_of(r))
    f = signed_in(people.nsa_lead).get(t.get_absolute_url())
    r = signed_in(people.nsa_lead).post(
        t.get_absolute_url(),
        {"band": f.context["band"].token, "text": "x", "mentions": [people.nsa_reviewer.email]},
    )
    assert r.status_code == 302
