"""Signing in, one's own profile, seats, the audit log."""

from django.urls import path

from accounts.views import (
    absences,
    audit_log,
    expertise,
    labs,
    partners,
    personnel,
    profile,
    seats,
    shortcuts,
    sign_in,
)

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("profile/", profile.profile, name="profile"),
    path("expertise/<int:number>/", expertise.expertise_edit, name="expertise-edit"),
    path("shortcuts/", shortcuts.shortcut_list, name="shortcut-list"),
    path("absences/", absences.absence_add, name="absence-add"),
    path("absences/end/", absences.absence_end, name="absence-end"),
    path("seats/", seats.seat_list, name="seat-list"),
    path("seats/<slug:code>/give/", seats.seat_give, name="seat-give"),
    path("seats/<slug:code>/confirm/", seats.seat_confirm, name="seat-confirm"),
    path("seats/<slug:code>/decline/", seats.seat_decline, name="seat-decline"),
    path("seats/<slug:code>/take/", seats.seat_take, name="seat-take"),
    path("labs/", labs.lab_list, name="lab-list"),
    path("labs/<slug:code>/", labs.lab_edit, name="lab-edit"),
    path("partners/", partners.partner_list, name="partner-list"),
    path("partners/new/", partners.partner_add, name="partner-add"),
    path("partners/<slug:code>/", partners.partner_edit, name="partner-edit"),
    path("personnel/", personnel.personnel_list, name="personnel-list"),
    path("personnel/<int:number>/", personnel.personnel_edit, name="personnel-edit"),
    path("audit/", audit_log.audit_list, name="audit-list"),
]
