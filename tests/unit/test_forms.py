"""Forms as USWDS markup, and dates as typed."""

import re
from datetime import UTC, date, datetime

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.forms import CountedTextarea, DateField, FileInput, LongTextField, ZonedDateTimeField
from portal.templatetags.foreview import errors_of
from tests.unit.form_samples import Elements, Sample, single, when


@pytest.fixture
def fresh():
    return Elements(str(Sample()))


@pytest.fixture
def refused():
    return Elements(str(Sample({})))


def refusal(form):
    (error,) = form.errors.as_data()["x"]
    return error.code, form.errors["x"][0]


@pytest.mark.parametrize(
    ("identity", "classes"),
    [
        ("id_name", "usa-input"),
        ("id_email", "usa-input"),
        ("id_kind_0", "usa-radio__input"),
        ("id_modalities_1", "usa-checkbox__input"),
        ("id_level", "usa-select"),
        ("id_summary", "usa-textarea usa-character-count__field"),
        ("id_notes", "usa-textarea"),
        ("id_file", "fv-file"),
        ("id_certify", "usa-checkbox__input"),
        ("id_release_month", "usa-select"),
    ],
)
def test_each_input_has_its_class_and_its_label(fresh, identity, classes):
    element = fresh.one(id=identity)
    assert element["class"] == classes
    assert "aria-invalid" not in element
    assert fresh.one(for_=identity)


@pytest.mark.parametrize("form", [Sample(), Sample({}), Sample({"name": "x"}, prefix="p")])
def test_every_reference_leads_to_one_element(form):
    elements = Elements(str(form))
    ids = [a["id"] for _, a in elements.found if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in elements.found:
        references = attributes.get("aria-describedby", "").split()
        references += [attributes["for"]] if "for" in attributes else []
        href = attributes.get("href", "")
        references += [href[1:]] if href.startswith("#") else []
        assert set(references) <= set(ids)


def test_a_refused_field_says_so_to_eye_and_ear(refused):
    name = refused.one(id="id_name")
    assert name["aria-invalid"] == "true"
    assert name["aria-describedby"] == "id_name_helptext id_name_error"
    assert name["class"] == "usa-input usa-input--error"
    assert refused.one(id="id_level")["class"] == "usa-select usa-input--error"
    assert refused.one(id="id_file")["class"] == "fv-file"
    assert refused.one(id="id_file")["aria-describedby"] == "id_file_error"
    assert refused.one(id="id_summary")["aria-describedby"] == "id_summary_error id_summary_count"
    # All but the optional notes and the hidden field.
    assert str(Sample({})).count("usa-form-group--error") == 10


def test_a_fields_own_description_comes_first_and_a_form_without_ids_has_none():
    field = forms.CharField(widget=forms.TextInput({"aria-describedby": "terms", "class": "own"}))
    element = Elements(str(single(field, {}))).one(name="x")
    assert element["aria-describedby"] == "terms id_x_error"
    assert element["class"] == "own usa-input usa-input--error"
    bare = Elements(str(Sample({}, auto_id=False)["name"].as_widget())).one(name="name")
    assert "aria-describedby" not in bare
    hidden = single(forms.CharField(widget=forms.HiddenInput), {})["x"]
    assert "aria-describedby" not in hidden.as_widget()
    assert 'class="usa-textarea' in Sample()["name"].as_widget(widget=forms.Textarea())


def test_a_widget_rendered_by_hand_keeps_both_its_class_and_ours():
    html = Sample()["name"].as_widget(attrs={"class": "narrow"})
    assert 'class="narrow usa-input"' in html
    assert 'class="usa-radio__input"' in str(Sample()["kind"].subwidgets[0])


def test_a_group_carries_the_state_that_its_radio_buttons_may_not(refused):
    group = refused.one(id="id_kind")
    assert group["aria-describedby"] == "id_kind_error"
    assert "aria-invalid" not in refused.one(id="id_kind_0")
    assert refused.one(id="id_release")["aria-describedby"] == (
        "id_release_helptext id_release_error"
    )


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ("id_kind_0", None),
        ("id_kind_1", None),
        ("id_level", "true"),
        ("id_file", None),
        ("id_certify", "true"),
    ],
)
def test_what_nobody_answered_yet_is_not_called_invalid(fresh, identity, said):
    element = fresh.one(id=identity)
    assert "required" not in element
    assert element.get("aria-required") == said
    assert "required" in fresh.one(id="id_name")


def test_required_is_said_in_words_and_a_fields_own_mark_comes_first():
    assert "Model name <span" in str(Sample()["name"].as_field_group())
    assert "(required)" in str(Sample()["name"].as_field_group())
    assert "(required)" in str(Sample()["kind"].as_field_group())
    assert "(required)" not in str(Sample()["notes"].as_field_group())
    field = forms.CharField(label="Tier", required=False)
    field.mark = "required to file"
    assert "(required to file)" in str(single(field))
    assert "(required)" not in str(single(forms.CharField(), mark_required=False))


def test_the_summary_names_each_field_and_leads_to_its_first_input(refused):
    texts = [text for text, _ in errors_of(Sample({}))]
    assert texts[:3] == [
        "Model name: Enter an answer.",
        "Contact email: Enter an answer.",
        "Kind: Choose an answer.",
    ]
    assert "Modalities: Choose at least one answer." in texts
    assert "Level: Choose an answer." in texts
    assert "File: Choose a file." in texts
    assert texts[-1] == "I certify: Check this box to continue."
    links = [a["href"] for tag, a in refused.found if tag == "a"]
    assert links == [
        "#id_name",
        "#id_email",
        "#id_kind_0",
        "#id_modalities_0",
        "#id_level",
        "#id_summary",
        "#id_release_month",
        "#id_starts_month",
        "#id_file",
        "#id_certify",
    ]
    (summary,) = refused.where(role="alert")
    assert summary["tabindex"] == "-1"
    assert "10 answers need attention" in str(Sample({}))


def test_a_message_of_the_fields_own_stands_as_it_is():
    field = forms.CharField(label="Name", error_messages={"required": "Name the model."})
    assert errors_of(single(field, {})) == [("Name: Name the model.", "id_x")]
    assert "One answer needs attention" in str(single(field, {}))


@pytest.mark.parametrize("field", [forms.CharField, LongTextField])
def test_text_over_the_limit_is_told_both_lengths_and_kept(field):
    form = single(field(label="Summary", max_length=1_000), {"x": "a" * 2_345})
    says = "The limit is 1,000 characters, and this has 2,345. Shorten it by 1,345."
    assert errors_of(form) == [(f"Summary: {says}", "id_x")]
    assert str(form).count(says) == 2
    assert "a" * 2_345 in str(form)
    own = field(max_length=3, error_messages={"max_length": "Three letters."})
    assert errors_of(single(own, {"x": "four"})) == [("X: Three letters.", "id_x")]


def test_an_untouched_or_valid_form_has_no_summary():
    assert 'role="alert"' not in str(single(forms.CharField()))
    assert 'role="alert"' not in str(single(forms.CharField(), {"x": "typed"}))


def test_the_summary_holds_what_belongs_to_no_field():
    def clean(self):
        raise forms.ValidationError("The release dates are in the wrong order.")

    form = single(forms.CharField(), {"x": "typed"}, clean=clean)
    assert errors_of(form) == [("The release dates are in the wrong order.", "")]
    assert str(form).count("wrong order") == 1
    assert "This was not saved" in str(form)
    assert "needs attention" not in str(form)


def test_a_formset_has_one_summary():
    kind = forms.formset_factory(type("One", (forms.Form,), {"x": forms.CharField(label="X")}))
    data = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2", "form-0-x": "", "form-1-x": ""}
    formset = kind(data)
    assert errors_of(formset) == [
        ("X: Enter an answer.", "id_form-0-x"),
        ("X: Enter an answer.", "id_form-1-x"),
    ]
    assert str(formset).count('role="alert"') == 1
    assert 'name="form-TOTAL_FORMS"' in str(formset)
    assert errors_of(kind({}))[0][1] == ""


def test_a_single_checkbox_stands_before_its_words():
    html = Sample()["certify"].as_field_group()
    assert html.index("<input") < html.index("<label") < html.index("I certify")
    assert html.count('class="usa-checkbox"') == 1


def test_a_hidden_field_has_no_label_and_its_error_no_link():
    html = str(Sample({"version": "3"}))
    assert html.count('name="version"') == 1
    assert "id_version" not in re.findall(r'for="(.*?)"', html)
    assert "<label" not in Sample()["version"].as_field_group()
    form = single(forms.CharField(widget=forms.HiddenInput), {})
    assert errors_of(form)[0][1] == ""


def test_only_a_counted_text_area_counts():
    assert "up to 20 characters" in str(Sample())
    assert "5000 characters" not in str(Sample())
    assert isinstance(LongTextField(max_length=3).widget, CountedTextarea)


def test_a_line_break_counts_once():
    form = single(LongTextField(max_length=7), {"x": "one\r\ntwo"})
    assert form.is_valid()
    assert form.cleaned_data["x"] == "one\ntwo"
    assert not single(LongTextField(max_length=7), {"x": "one\r\ntwos"}).is_valid()


def test_a_file_input_says_what_it_takes():
    element = Elements(str(Sample())).one(id="id_file")
    assert (element["accept"], element["data-max-bytes"]) == (".pdf", "1000")
    assert "accept" not in Elements(str(single(forms.FileField(widget=FileInput())))).one(id="id_x")
    assert single(forms.FileField(widget=FileInput())).is_multipart()
    form = Sample({}, {"file": SimpleUploadedFile("a.pdf", b"x")})
    assert "file" not in form.errors


@pytest.mark.parametrize(
    ("typed", "result"),
    [
        (when("12", "5", "2026"), date(2026, 12, 5)),
        (when("02", "29", "2028"), date(2028, 2, 29)),
        (when("1", "1", "1900"), date(1900, 1, 1)),
        (when("12", "31", "2999"), date(2999, 12, 31)),
        (when(" 2 ", " 3 ", " 2027 "), date(2027, 2, 3)),
        ({"x": "2026-12-05"}, date(2026, 12, 5)),
    ],
)
def test_a_date(typed, result):
    form = single(DateField(), typed)
    assert form.is_valid()
    assert form.cleaned_data["x"] == result


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        (when("", "5", "2026"), "part", "Add the month."),
        (when("12", "", "2026"), "part", "Add the day."),
        (when("12", "5", ""), "part", "Add the year."),
        (when("13", "5", "2026"), "part", "Add the month."),
        (when("0", "5", "2026"), "part", "Add the month."),
        (when("12", "fifth", "2026"), "number", "Enter the day in digits."),
        (when("12", "\N{ARABIC-INDIC DIGIT FIVE}", "2026"), "number", "Enter the day in digits."),
        (when("12", "5", "26"), "year", "Enter the year with four digits, such as 2027."),
        (when("12", "5", "1899"), "year", "Enter the year with four digits, such as 2027."),
        (when("12", "5", "02027"), "year", "Enter the year with four digits, such as 2027."),
        (when("12", "5", "3000"), "year", "Enter the year with four digits, such as 2027."),
        (when("12", "5", "9999"), "year", "Enter the year with four digits, such as 2027."),
        (when("2", "30", "2027"), "unreal", "February 2027 has no day 30."),
        ({"x": "tomorrow"}, "part", "Add the month."),
        ({}, "required", "Enter a month, a day and a year."),
    ],
)
def test_no_date_is_refused_with_the_remedy(typed, code, words):
    assert refusal(single(DateField(), typed)) == (code, words)


@pytest.mark.parametrize(
    ("typed", "target", "marked"),
    [
        (when("", "5", "2026", "noon"), "month", ["month"]),
        (when("2", "30", "2027", "noon"), "day", ["day"]),
        (when("12", "5", "26", "noon"), "year", ["year"]),
        (when("12", "5", "2026", "late"), "time", ["time"]),
        (when("12", "5", "2026", "25:00"), "time", ["time"]),
        (when("3", "14", "2027", "2:30 a.m."), "time", ["time"]),
        ({}, "month", ["month", "day", "year", "time"]),
        (when("12", "5", "2026", "noon"), "", []),
    ],
)
def test_the_part_of_a_date_that_is_wrong_is_marked_and_linked(typed, target, marked):
    with timezone.override("America/New_York"):
        form = single(ZonedDateTimeField(), typed)
        elements = Elements(str(form))
    invalid = elements.where(aria_invalid="true")
    assert [element["id"].removeprefix("id_x_") for element in invalid] == marked
    assert all("usa-input--error" in element["class"] for element in invalid)
    assert [found for _, found in errors_of(form)] == ([f"id_x_{target}"] if target else [])


def test_an_optional_date_may_be_empty():
    form = single(DateField(required=False), when())
    assert form.is_valid()
    assert form.cleaned_data["x"] is None
    assert not single(DateField(required=False), when(day="5")).is_valid()


def test_what_was_typed_is_shown_again():
    typed = when("2", '30"><script>', "20 27", "half past one")
    elements = Elements(str(single(ZonedDateTimeField(), typed)))
    assert elements.one(name="x_day")["value"] == '30"><script>'
    assert elements.one(name="x_year")["value"] == "20 27"
    assert elements.one(name="x_time")["value"] == "half past one"
    assert "selected" in elements.one(value="2")
    assert len(elements.where(selected=None)) == 1
    assert "script" not in [tag for tag, _ in elements.found]


def test_a_stored_date_or_instant_is_shown_in_its_parts():
    form = type("Two", (forms.Form,), {"d": DateField(), "t": ZonedDateTimeField()})(
        initial={"d": date(2026, 12, 5), "t": datetime(2026, 12, 6, 3, 30, tzinfo=UTC)}
    )
    with timezone.override("America/New_York"):
        elements = Elements(str(form))
    assert elements.one(name="d_day")["value"] == "5"
    assert elements.one(name="d_year")["value"] == "2026"
    assert elements.one(name="t_day")["value"] == "5"
    assert elements.one(name="t_time")["value"] == "10:30 p.m."
    assert not elements.where(name="d_time")


def test_a_date_given_as_one_is_taken_as_it_is():
    day, naive = date(2026, 12, 5), datetime(2026, 12, 5, 22, 30)  # noqa: DTZ001
    assert DateField().clean(day) == day
    assert DateField().clean(naive) == day
    assert DateField(required=False).clean("") is None
    assert ZonedDateTimeField().widget.format_value(naive) == ("12", "5", "2026", "10:30 p.m.")


def test_a_date_not_yet_given_is_empty():
    elements = Elements(str(single(ZonedDateTimeField())))
    assert [elements.one(name=f"x_{part}")["value"] for part in ("day", "year", "time")] == [""] * 3
    assert not elements.where(selected=None)


def test_a_date_has_changed_only_if_it_has():
    field = DateField()
    same = field.widget.value_from_datadict(when("12", "5", "2026"), {}, "x")
    assert not field.has_changed(date(2026, 12, 5), same)
    assert field.has_changed(date(2026, 12, 6), same)
    assert field.widget.value_omitted_from_data({}, {}, "x")
    assert not field.widget.value_omitted_from_data({"x_day": ""}, {}, "x")
    assert not field.widget.value_omitted_from_data({"x": ""}, {}, "x")


@pytest.mark.parametrize(
    ("zone", "name"), [("America/New_York", "Eastern Time"), ("America/Chicago", "Central Time")]
)
def test_the_zone_is_named_beside_the_time(zone, name):
    with timezone.override(zone):
        elements = Elements(html := str(single(ZonedDateTimeField())))
    assert f"Time in {name}" in html
    assert elements.one(name="x_time")["aria-describedby"] == "id_x_zone"
    assert elements.one(id="id_x_zone")
    assert "Time in" not in str(single(DateField()))


def test_no_markup_of_a_form_breaks_the_content_security_policy():
    for html in (str(Sample()), str(Sample({}))):
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", html)
