"""The lab's answers about its model, in four steps. A draft may leave all but identity blank."""

from typing import Any, ClassVar, NamedTuple

from django import forms
from django.urls import reverse

from portal.forms import LongTextField, ZonedDateTimeField
from portal.templatetags.foreview import instant_html
from reviews.models.package import ACCESS_MEANS, MODALITIES, AccessLevel, Weights
from reviews.models.submission import SubmissionKind, sha256_format

LONGEST_ANSWER = 10_000
IDENTITY = ("family", "version", "checkpoint_sha256")
UNDECIDED = ("", "Not decided yet")


class Answer(NamedTuple):
    """One question and the saved answer, as summary_list.html shows them."""

    name: str
    question: str
    answer: Any
    change_url: str
    code: bool


class Difference(NamedTuple):
    """One question that somebody else answered differently in the meantime."""

    question: str
    saved: Any
    typed: Any


class Sha256Field(forms.CharField):
    """A SHA-256 in hexadecimal, taken with capitals and spaces; ``clean`` returns neither."""

    default_error_messages: ClassVar = {
        "format": "A SHA-256 is 64 characters, each 0 to 9 or a to f. This has %(length)d "
        "characters%(strangers)s. Copy it again from your own record of the checkpoint."
    }

    def to_python(self, value):
        return "".join(super().to_python(value).split()).lower()

    def validate(self, value):
        super().validate(value)
        if value and not sha256_format.regex.search(value):
            strangers = set(value) - set("0123456789abcdef")
            raise forms.ValidationError(
                self.error_messages["format"],
                code="format",
                params={
                    "length": len(value),
                    "strangers": ", some of them others" if strangers else "",
                },
            )


def _line(label, hint="", *, longest, required=False):
    return forms.CharField(label=label, help_text=hint, max_length=longest, required=required)


def _text(label, hint=""):
    return LongTextField(label=label, help_text=hint, max_length=LONGEST_ANSWER, required=False)


def _one_of(label, choices, hint="", *, required=False):
    return forms.ChoiceField(
        label=label,
        help_text=hint,
        choices=choices if required else [*choices, UNDECIDED],
        required=required,
        widget=forms.RadioSelect,
    )


def _any_of(label, choices):
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class IdentityForm(forms.Form):
    """Which checkpoint of which model the submission is about."""

    kind = _one_of(
        "What do you ask for?",
        [
            (SubmissionKind.EARLY_ACCESS.value, "Early access: a review before partner release"),
            (
                SubmissionKind.DESIGNATION_INQUIRY.value,
                "Designation inquiry: whether a model under development is covered",
            ),
        ],
        "Both run on the same window of at most 720 hours. An inquiry asks for less: NSA and the "
        "offices that it consults read it, and its answer is the determination.",
        required=True,
    )
    family = _line("Model family", "The name that its versions share.", longest=100, required=True)
    version = _line("Version", "The name of this version alone.", longest=60, required=True)
    checkpoint_sha256 = Sha256Field(
        label="Checkpoint SHA-256",
        help_text="64 characters, each 0 to 9 or a to f. It names the one checkpoint that is "
        "reviewed. Weights are never uploaded.",
        max_length=200,
        widget=forms.TextInput(
            attrs={"autocapitalize": "off", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    lab_tracking_id = _line(
        "Your own tracking ID", "If your lab keeps one for this release.", longest=60
    )


class CreateForm(IdentityForm):
    """A new draft: for which lab, where the person may draft for more than one, and of what."""

    lab = forms.ModelChoiceField(None, label="Lab", empty_label="Select")
    field_order = ("lab",)

    def __init__(self, data=None, *, labs):
        super().__init__(data)
        self.labs = labs
        self.fields["lab"].queryset = labs
        self.only_lab = labs[0] if len(labs) == 1 else None
        if self.only_lab:
            del self.fields["lab"]

    @property
    def chosen_lab(self):
        """The lab that the draft is for."""
        return self.only_lab or self.cleaned_data["lab"]

    @property
    def identity(self):
        """The answers that ``lifecycle.draft`` takes."""
        return {name: self.cleaned_data[name] for name in IdentityForm.base_fields}


class StepForm(forms.Form):
    """One step of a draft, opened on what ``submission`` has saved at one revision.

    A form sent without its revision counts as stale rather than as up to date.
    """

    slug = ""
    label = ""
    title = ""
    intro = ""
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, submission, at):
        self.submission, self.at = submission, at
        names = [name for name in self.base_fields if name != "revision"]
        saved = {name: saved_answer(submission, name) for name in names}
        super().__init__(data, initial=saved | {"revision": submission.revision})
        for name in names:
            if name in submission.package.core():
                self.fields[name].mark = "needed to file"

    @classmethod
    def complete(cls, missing):
        """Whether none of the step's answers is among the ``missing`` ones."""
        return cls.base_fields.keys().isdisjoint(missing)

    @property
    def answers(self):
        """What ``lifecycle.revise`` takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "revision"}

    @property
    def opened_on(self):
        """The revision that the person saw; 0, which none is, when the form does not say."""
        return self.cleaned_data["revision"] or 0

    def summary(self):
        """The step's questions with their saved answers, each linked to where it is changed."""
        url = step_url(self.submission, self.slug)
        return [
            Answer(
                name,
                field.label,
                self._words(name, self.initial[name]),
                f"{url}#id_{name}",
                name == "checkpoint_sha256",
            )
            for name, field in self.fields.items()
            if name != "revision"
        ]

    def compare(self, submission):
        """The differences from what is saved now; the next sending replaces that knowingly."""
        self.submission = submission
        self.data = self.data.copy()
        self.data["revision"] = submission.revision
        found = []
        for name, typed in self.answers.items():
            saved = saved_answer(submission, name)
            if saved != typed:
                words = (self._words(name, value) for value in (saved, typed))
                found.append(Difference(self.fields[name].label, *words))
        return found

    def _words(self, name, value):
        field = self.fields[name]
        if isinstance(field, forms.MultipleChoiceField):
            return ", ".join(label for code, label in field.choices if code in value)
        if isinstance(field, forms.ChoiceField):
            return dict(field.choices)[value] if value else ""
        if isinstance(field, ZonedDateTimeField):
            return instant_html(value)
        return value


class ModelStep(IdentityForm, StepForm):
    """Identity and use."""

    slug = "model"
    label = "Model"
    title = "The model"
    intro = "Which checkpoint this is about, what it was made from and what it is for."

    parent_version = _line(
        "Parent version", "The version that this one was made from, if any.", longest=100
    )
    modalities = _any_of("Modalities", MODALITIES)
    languages = _line("Languages", "Such as English, Spanish and Korean.", longest=300)
    intended_uses = _text("Intended uses", "Who is meant to use the model, and for what.")
    restrictions = _text("Restrictions on use", "What your terms or the model itself rule out.")
    weights = _one_of(
        "Will the weights be open or closed?", [(kind.value, kind.label) for kind in Weights]
    )


RELEASES = ("planned_partner_release_at", "planned_public_release_at")


class AccessStep(StepForm):
    """Release plans, and the access that the lab offers for the review."""

    slug = "access"
    label = "Release and access"
    title = "Release plans and access"
    intro = "When you plan to release the model, and how agencies may look at it before."

    planned_partner_release_at = ZonedDateTimeField(
        label="Planned partner release",
        required=False,
        help_text="When trusted partners are to get the model. The review window ends then, if "
        "that is less than 720 hours after you file.",
    )
    planned_public_release_at = ZonedDateTimeField(
        label="Planned public release",
        required=False,
        help_text="When everyone is to get the model, if that is planned.",
    )
    access_level = _one_of("Access offered", [(level.value, level.label) for level in AccessLevel])
    access_means = _any_of("Means of access", ACCESS_MEANS)
    endpoint_reference = _line(
        "Endpoint reference",
        "The endpoint's entry in your own register. Never a password, key or token.",
        longest=300,
    )
    capacity_limits = _text(
        "Capacity limits", "Such as requests per minute, or hours without service."
    )

    def clean(self):
        cleaned = super().clean()
        partner, public = (cleaned.get(name) for name in RELEASES)
        for name, instant in zip(RELEASES, (partner, public), strict=True):
            if instant and instant <= self.at:
                self.add_error(
                    name,
                    f"The {self.fields[name].label.lower()} is in the past. Enter a later date "
                    "and time, or leave it blank.",
                )
        if partner and public and partner > public:
            self.add_error(
                RELEASES[0],
                "The planned partner release is after the planned public release. Partners get "
                "the model first or at the same time: change one of the two.",
            )
        return cleaned


class CapabilitiesStep(StepForm):
    """What the model can do, cyber first, and what was found of its risks."""

    slug = "capabilities"
    label = "Capabilities and risks"
    title = "Capabilities and risks"
    intro = (
        "Describe in your own words; documents can say more. Record nothing classified: no "
        "thresholds, scores or items of classified benchmarks."
    )

    cyber_capability_claims = _text(
        "Cyber capabilities",
        "Finding vulnerabilities, writing exploits, acting alone in networks: what you measured.",
    )
    other_capability_claims = _text("Other capabilities", "Where they matter to the review.")
    safety_framework_tier = _line(
        "Safety-framework tier",
        "The tier or level of this model under your own safety framework.",
        longest=100,
    )
    risk_summary = _text(
        "Summary of risk assessments and results", "What was assessed, how, and the result."
    )
    third_party_evaluators = _text(
        "Third-party evaluators", "Organizations outside your lab that tested the model."
    )


class SafeguardsStep(StepForm):
    """How the model and its weights are protected, and on which terms agencies get access."""

    slug = "safeguards"
    label = "Safeguards and terms"
    title = "Safeguards and terms"
    intro = "How the model and its weights are protected, whom to reach, and on which terms."

    safeguards = _text("Safeguards", "Against misuse of the model: filters, monitoring, limits.")
    weight_security = _text(
        "Weight-security measures",
        "Where the weights are kept and how they are protected from theft.",
    )
    contacts = _text(
        "Contacts", "Who answers for the lab during the window, by duty, and how to reach them."
    )
    nondisclosure_reference = _line(
        "Nondisclosure terms reference",
        "The number or title of the terms that agencies' people have agreed to.",
        longest=200,
    )
    foreign_person_limits = _text(
        "Limits on foreign persons", "Who may not have access, if anyone."
    )


class InquiryStep(CapabilitiesStep):
    """All that an inquiry says besides: what the model can do so far, and whom to reach."""

    slug = "inquiry"
    label = "Capabilities and contacts"
    title = "Capabilities and contacts"

    contacts = SafeguardsStep.base_fields["contacts"]


STEPS = {step.slug: step for step in (ModelStep, AccessStep, CapabilitiesStep, SafeguardsStep)}
STEPS_OF_INQUIRY = {step.slug: step for step in (ModelStep, InquiryStep)}


def steps_of(submission):
    """The steps of the draft, by slug, in order."""
    inquiry = submission.kind == SubmissionKind.DESIGNATION_INQUIRY
    return STEPS_OF_INQUIRY if inquiry else STEPS


def saved_answer(submission, name):
    """What the draft has saved under a form field's name."""
    if name in IDENTITY:
        return getattr(submission.model_version, name)
    owner = submission if hasattr(submission, name) else submission.package
    return getattr(owner, name)


def step_url(submission, slug):
    """Where one step of the draft is edited."""
    return reverse("reviews:submission-edit", args=[submission.reference, slug])
