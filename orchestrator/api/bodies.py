"""What may be asked over HTTP? The bodies of the commands; what a name or value means is the pathway's to say."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from orchestrator.episode.commands import Command, command_from_json
from orchestrator.service.enrolment import Identifier

_TEXT = {"type": "string", "maxLength": 4000}
_EXACT = "A JSON number is read as an exact decimal; a text is no number."


def _fact(value: object) -> object:
    listed = value if isinstance(value, list) else [value]
    if isinstance(value, dict) or any(isinstance(each, dict | list) for each in listed):
        raise ValueError("a value is a text, a number, true, false, null or a list of texts")
    return value


Text = Annotated[str, Field(min_length=1, max_length=200)]
# What a pathway names; a refusal repeats it, so nothing that is not shaped like a name comes that far.
Name = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:#/-]*$")]
Reason = Annotated[str | None, Field(max_length=4000, description="Why; some commands need it.")]
Override = Annotated[list[Name], Field(max_length=50, description="Gates that a lead passes; needs a reason.")]
Moment = Annotated[
    str | None, Field(max_length=40, description="ISO 8601 with an offset, such as 2026-03-02T08:00:00Z.")
]
Value = Annotated[
    Any,
    AfterValidator(_fact),
    WithJsonSchema(
        {
            "description": f"{_EXACT} null takes the fact back to unknown.",
            "anyOf": [
                _TEXT,
                {"type": "number"},
                {"type": "boolean"},
                {"type": "array", "items": _TEXT, "maxItems": 200},
                {"type": "null"},
            ],
        }
    ),
]
Parameter = Annotated[
    Any,
    WithJsonSchema({"description": f"What the regimen takes: text, number or list. {_EXACT}"}),
]


class Body(BaseModel):
    """What all bodies have in common: nothing unknown in them, nothing turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class CommandBody(Body):
    kind: ClassVar[str]
    reason: Reason = None

    def command(self) -> Command:
        """Return the command. Raises InvalidCommand."""
        return command_from_json(self.kind, self.model_dump(exclude_unset=True))


class PatientIdentifier(Body):
    system: Text
    value: Text

    def identifier(self) -> Identifier:
        return Identifier(self.system, self.value)


def examples(*bodies: dict[str, Any]) -> ConfigDict:
    """Return how a body is described that has these as examples."""
    return ConfigDict(json_schema_extra={"examples": list(bodies)})


class Enrol(Body):
    model_config = examples(
        {
            "pathway": "PATHWAY",
            "ward": "ward-7",
            "timezone": "Europe/London",
            "identifiers": [{"system": "hospital-number", "value": "0000001"}],
        }
    )
    pathway: Annotated[
        str,
        Field(
            max_length=100,  # the problem that there is none such repeats it
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$",
            description="Its name; NAME@VERSION for another version than the newest.",
        ),
    ]
    ward: Text
    identifiers: Annotated[list[PatientIdentifier], Field(min_length=1, max_length=20)]
    timezone: Annotated[Text | None, Field(description="IANA name of a zone; without it: the hospital's.")] = None


class Find(Body):
    model_config = examples({"identifier": {"system": "hospital-number", "value": "0000001"}})
    identifier: PatientIdentifier


class Record(CommandBody):
    kind = "record"
    model_config = examples({"facts": {"FACT": "a value", "NUMBER": 65.5, "MISTAKEN": None}})
    facts: Annotated[dict[Name, Value], Field(min_length=1, max_length=100)]


class Confirm(CommandBody):
    kind = "confirm"
    model_config = examples(
        {"regimens": ["REGIMEN"], "parameters": {"days": 5, "start": "2026-03-02T18:00:00Z"}},
        {"regimens": ["REGIMEN"], "override": ["GATE"], "reason": "why"},
    )
    regimens: Annotated[list[Name], Field(min_length=1, max_length=50)]
    parameters: Annotated[
        dict[Name, Parameter],
        Field(
            max_length=50,
            description=(
                "By name: days, sessions, taper_days (whole numbers), dose, dose_per_kg (decimals), steps (list of "
                "{days, dose}), start (a moment), given (moments of what was already given)."
            ),
        ),
    ] = {}
    override: Override = []


class Give(CommandBody):
    kind = "give"
    model_config = examples({"regimen": "REGIMEN", "given_at": "2026-03-02T08:00:00Z"})
    regimen: Name
    given_at: Moment = None


class Miss(CommandBody):
    kind = "miss"
    model_config = examples({"regimen": "REGIMEN", "reason": "why"})
    regimen: Name


class Decline(CommandBody):
    kind = "decline"
    model_config = examples({"regimen": "REGIMEN"})
    regimen: Name


class Stop(CommandBody):
    kind = "stop"
    model_config = examples({"regimen": "REGIMEN", "override": ["GATE"], "reason": "why"})
    regimen: Name
    override: Override = []


class Retract(CommandBody):
    kind = "retract"
    model_config = examples({"target": "FACT or REGIMEN", "reason": "why"})
    target: Annotated[Name, Field(description="A fact, or a regimen, whose last administration is taken back.")]


class Complete(CommandBody):
    kind = "complete"
    model_config = examples({"task": "TASK"})
    task: Name


class Acknowledge(CommandBody):
    kind = "acknowledge"
    model_config = examples({"reminder": "REMINDER"})
    reminder: Annotated[Name, Field(description="Its name, or NAME#KEY for one of several.")]


class Close(CommandBody):
    kind = "close"
    model_config = examples({"outcome": "recovered"})
    outcome: Name
    override: Override = []


class ChangeWard(CommandBody):
    kind = "change-ward"
    model_config = examples({"ward": "ward-8", "reason": "why"})
    ward: Annotated[Text, Field(description="On which people work, or patients are.")]
    anyway: Annotated[bool, Field(description="Though nobody works there now who could be told.")] = False


BODIES: tuple[type[CommandBody], ...] = (
    Record, Confirm, Give, Miss, Decline, Stop, Retract, Complete, Acknowledge, Close, ChangeWard
)  # fmt: skip
