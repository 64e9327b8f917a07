"""Practice: scenarios as they are listed and edited, sheets with what was counted, and the guided first day."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from bridge.inbox.schema.types import Asked, Shown
from bridge.sql.training.first_days import FirstDayState
from bridge.training.scenario import ClosingCode, HintAt, Manners
from bridge.training.sheet import CountName, Heading

LONG = 2_000  # characters of one person's words under a heading

RehearsalMs = Annotated[int, Meta(ge=0, le=86_400_000)]
Level = Annotated[int, Meta(ge=0, le=4)]
ScenarioName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
LinesGiven = Annotated[list[Annotated[str, Meta(max_length=4_000)]], Meta(max_length=50)]


class ScenarioRow(Shown):
    """A scenario to practise. `library` "" = it comes with Deskbridge; `first_day`: its place in the guided first day, 0 = none."""

    library: str
    name: str
    title: str
    about: str
    level: int
    languages: list[str]
    manners: list[Manners]
    minutes: int
    first_day: int


class TrainingLibrary(Shown):
    """A library where I may practise. `coordinates`: I may write scenarios for it."""

    id: str
    name: str
    coordinates: bool


class FirstDayView(Shown):
    """How far I am: the scenarios in their order, those that are over. `offered`: nothing was said to it yet."""

    state: FirstDayState
    names: list[str]
    done: list[str]
    offered: bool


class TrainingView(Shown):
    """All that the training page begins with."""

    scenarios: list[ScenarioRow]
    libraries: list[TrainingLibrary]
    first_day: FirstDayView


class FirstDayAsked(Asked):
    """Begin or skip the guided first day, or say that one of its scenarios is over."""

    state: FirstDayState
    done: Annotated[str, Meta(max_length=60)] = ""


class PatronForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who writes: bridge.training.scenario.PatronPart."""

    name: str = ""
    mood: str = "friendly"
    pace: str = "steady"
    spelling: str = "careful"


class FactForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told only when asked: bridge.training.scenario.PatronFact."""

    id: str = ""
    asked: LinesGiven = []
    told: LinesGiven = []
    wanted: bool = False


class EventForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens on the way: bridge.training.scenario.ScenarioEvent."""

    kind: str
    after_lines: int = 1
    minutes: int = 0
    says: LinesGiven = []


class EndsForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the patron is content: bridge.training.scenario.Ends."""

    answered_by: LinesGiven = []
    link_answers: bool = True
    thanks: LinesGiven = []
    gives_up: LinesGiven = []
    after_lines: int = 15


class HintForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hint of the first day: bridge.training.scenario.Hint."""

    at: str
    says: str


class ScenarioForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario as the editor holds it: the fields of bridge.training.scenario.Scenario, all of them, not yet looked over."""

    title: str = ""
    about: str = ""
    level: int = 1
    languages: LinesGiven = []
    manners: LinesGiven = []
    patron: PatronForm = PatronForm()
    subject: str = ""
    opening: LinesGiven = []
    facts: Annotated[list[FactForm], Meta(max_length=50)] = []
    shrugs: LinesGiven = []
    events: Annotated[list[EventForm], Meta(max_length=50)] = []
    ends: EndsForm = EndsForm()
    good: LinesGiven = []
    code: str = "answered"
    first_day: int = 0
    hints: Annotated[list[HintForm], Meta(max_length=50)] = []


class ScenarioView(Shown):
    """A scenario opened in the editor. `version` 0 = the library has none of this name yet."""

    library: str
    name: str
    version: int
    scenario: ScenarioForm


class ScenarioAsked(Asked):
    """A scenario to keep after this version; 0 = as a new one."""

    scenario: ScenarioForm
    version: Annotated[int, Meta(ge=0)] = 0


class ScenarioFile(Asked):
    """A scenario's TOML as it stands in a file."""

    toml: Annotated[str, Meta(max_length=100_000)]


class ScenarioVersion(Shown):
    """One version; `scenario` null = with it the scenario was deleted."""

    version: int
    at: int
    by: str
    by_name: str
    scenario: ScenarioForm | None


class ScenarioVersions(Shown):
    """The versions of a scenario, the newest first."""

    versions: list[ScenarioVersion]


class SheetCountView(Shown):
    """One count: bridge.training.sheet.Counted."""

    name: CountName
    heading: Heading
    value: int | None
    of: int
    about: list[str]


class WordsLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says to one heading. `level` 1 to 4, 0 = none."""

    heading: Heading
    level: Level = 0
    text: Annotated[str, Meta(max_length=LONG)] = ""


class SheetWords(Shown):
    """One person's words on a sheet."""

    by: str
    by_name: str
    at: int
    lines: list[WordsLine]


class SheetRow(Shown):
    """A sheet in a list: mine, or one that its trainee shares with me. `until`: when it goes (ms), 0 = it's kept."""

    id: str
    title: str
    scenario: str
    manners: str
    library: str
    trainee: str
    trainee_name: str
    made_at: int
    until: int


class Sheets(Shown):
    """My sheets, and those that are shared with me."""

    sheets: list[SheetRow]


class SheetPeer(Shown):
    """A colleague with whom a sheet can be shared."""

    id: str
    name: str


class SheetView(Shown):
    """A sheet opened. `good`: what the scenario says a good session holds. `shared`: with the coordinators of its library."""

    row: SheetRow
    counted: list[SheetCountView]
    good: list[str]
    words: list[SheetWords]
    shared: bool
    peer: str
    peers: list[SheetPeer]


class ShareAsked(Asked):
    """Who else may see a sheet from now on; nobody = it's taken back."""

    coordinators: bool = False
    peer: Annotated[str, Meta(max_length=200)] = ""


class KeepAsked(Asked):
    """Keep a sheet until it's deleted, or let it go after seven days."""

    keep: bool


class WordsAsked(Asked):
    """My words on a sheet, in place of my former ones."""

    lines: Annotated[list[WordsLine], Meta(max_length=6)]


class RehearsedLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of a rehearsal, `at` ms after it began."""

    at: RehearsalMs
    text: Annotated[str, Meta(max_length=4_000)]


class RehearsalAsked(Asked):
    """A rehearsal so far: what I wrote and when. `library` "" = the scenario is shipped.

    `scenario`: one that isn't saved, for those who write scenarios; then library and name say nothing.
    """

    now: RehearsalMs
    library: Annotated[str, Meta(max_length=200)] = ""
    name: Annotated[str, Meta(max_length=60)] = ""
    scenario: ScenarioForm | None = None
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 0
    lines: Annotated[list[RehearsedLine], Meta(max_length=60)] = []


class RehearsalView(Shown):
    """A rehearsal at a moment. `next_at` -1 = the patron waits for me. `hints`: those due so far since claiming, in their order."""

    title: str
    patron: str
    said: list[RehearsedLine]
    typing: bool
    next_at: int
    gone: bool
    content: bool
    stage: HintAt
    hints: list[str]


class SheetAsked(Asked):
    """A rehearsal that is over, to be counted. `id`: made by the page; the same one counts once."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    rehearsal: RehearsalAsked
    manners: Manners
    code: ClosingCode
    address: Annotated[str, Meta(max_length=320)] = ""
    deadline: bool = False
