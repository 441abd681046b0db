"""Forms of declaring no conflict of interest, and of the questions that ask for it."""

from django import forms

from reviews.models import RecusalQuestion

YES, NO = "yes", "no"


class DeclarationForm(forms.Form):
    """Each question with yes or no; ``questions`` are texts by what names them here."""

    def __init__(self, *args, questions, **kwargs):
        super().__init__(*args, **kwargs)
        self.questions = questions
        for name, text in questions.items():
            self.fields[f"answer_{name}"] = forms.ChoiceField(
                label=text,
                choices=[(NO, "No"), (YES, "Yes")],
                widget=forms.RadioSelect,
                error_messages={
                    "required": "Answer this question with yes or no.",
                    "invalid_choice": "Answer this question with yes or no.",
                },
            )

    def answers(self):
        """By the text of each question, whether it was answered with yes."""
        return {
            text: self.cleaned_data[f"answer_{name}"] == YES
            for name, text in self.questions.items()
        }

    def sent(self):
        """(name, value) of each answer, to be sent again with a confirmation."""
        return [(name, self.cleaned_data[name]) for name in self.fields]


class QuestionForm(forms.ModelForm):
    """A question that everybody is asked who declares from now on."""

    text = forms.CharField(
        label="Question",
        help_text="To be answered with yes or no. Yes must mean a conflict of interest.",
        max_length=300,
    )
    position = forms.IntegerField(
        label="Position",
        help_text="Questions are asked in the order of this number, from 1 to 99.",
        min_value=1,
        max_value=99,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "usa-input--small"}),
    )

    class Meta:
        model = RecusalQuestion
        fields = ("text", "position")
