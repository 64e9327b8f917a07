"""The suite itself: it finds what it is there to find, and cannot be talked out of a case."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from adapters.loop import codec
from adapters.loop.adapter import AskingLoop, LoopAdapter, LoopConfig, PlainLoop
from adapters.loop.network import LoopLetter, Sign
from bridge.contract.adapter import (
    Adapter,
    Capabilities,
    MessageIntake,
    Outcome,
    Ports,
    Rejected,
    Retry,
    Sent,
    Uncertain,
)
from bridge.contract.memory import MemoryKind, MemoryRow
from bridge.contract.message import Delivery, Message
from bridge.contract.opt_outs import OPT_OUTS, OptOuts, command
from bridge.testing import Conformance, NotOffered, ProcessMemory, Ring
from bridge.testing import rig as rigs
from bridge.testing.scene import Scene
from bridge.testing.suite import cases
from tests.conformance.rig_loop import AskingRig, LoopRig, PlainRig

PATRONS = MemoryKind(name="patrons", most=10)


class Hasty(LoopAdapter):
    """Acknowledges before it is durable."""

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        await self._there().acknowledge(letter.number)
        await super()._receive(letter, intake)


class Counting(LoopAdapter):
    """Makes source ids of its own."""

    count = 0

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        self.count += 1
        await super()._receive(LoopLetter(letter.number, letter.sender, f"{self.count}", letter.text), intake)


class Trusting(LoopAdapter):
    """Never asks whether the other side is there."""

    async def _beat(self) -> None:
        await asyncio.Event().wait()


class Forgetful(LoopAdapter):
    """Does not ask for what it missed."""

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        return


class Overtaking(LoopAdapter):
    """Hands in what it missed as if it were live, so that it waits for itself."""

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        await super().replay(cursor, self._ports.inlet)


class Hopeful(LoopAdapter):
    """Says that everything can be reached."""

    async def check(self) -> None:
        return


class Hoarding(LoopAdapter):
    """Writes down who wrote, and cannot forget it."""

    capabilities: ClassVar[Capabilities] = replace(LoopAdapter.capabilities, remembers=(PATRONS,))

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        await self._ports.memory.put(PATRONS, [MemoryRow(letter.sender)])
        await super()._receive(letter, intake)


class Unforgetting(Hoarding):
    """Says that it has forgotten what it has not."""

    capabilities: ClassVar[Capabilities] = replace(Hoarding.capabilities, forget=True)

    async def forget(self, addresses: Collection[str]) -> None:
        return


class Marking:
    """A way in that puts marks on what goes in."""

    def __init__(self, intake: MessageIntake, marks: Sequence[str]) -> None:
        self._intake, self._marks = intake, tuple(marks)
        self.advance = intake.advance

    async def receive(self, message: Message, cursor: Mapping[str, str] | None = None) -> bool:
        return await self._intake.receive(replace(message, marks=self._marks), cursor)


class Local(LoopAdapter):
    """Obeys STOP, and remembers it where no other host looks."""

    capabilities: ClassVar[Capabilities] = replace(LoopAdapter.capabilities, remembers=(OPT_OUTS,))

    def __init__(self, config: LoopConfig, ports: Ports) -> None:
        super().__init__(config, ports)
        self._opt_outs = OptOuts(ProcessMemory())

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        marks = await self._opt_outs.obey(letter.source, "us", letter.sender, letter.number, command(letter.text))
        await super()._receive(letter, Marking(intake, marks))

    async def send(self, delivery: Delivery) -> Outcome:
        silent = await self._opt_outs.opted_out("us", delivery.to)
        return Rejected("opted-out") if silent else await super().send(delivery)


class Frontless(LoopAdapter):
    """Declares a page that is not there."""

    capabilities: ClassVar[Capabilities] = replace(LoopAdapter.capabilities, chat_page="welcome/")


class Sloppy(PlainLoop):
    """Calls what nobody knows certain, so it is sent again."""

    async def send(self, delivery: Delivery) -> Outcome:
        outcome = await super().send(delivery)
        return Retry("perhaps") if isinstance(outcome, Uncertain) else outcome


class Boastful(AskingLoop):
    """Says that everything arrived."""

    async def lookup(self, delivery: Delivery) -> bool | None:
        return True


class Silent(LoopAdapter):
    """Says that it sent what it did not send."""

    async def send(self, delivery: Delivery) -> Outcome:
        return Sent()


class Leaky(LoopAdapter):
    """Leaves a task behind."""

    left: ClassVar[
        list[asyncio.Future[Any]]
    ] = []  # held here: a task that nobody holds may be collected before it is found

    async def run(self) -> None:
        self.left.append(asyncio.ensure_future(asyncio.Event().wait()))
        await super().run()


class Parallel(LoopAdapter):
    """Hands letters in side by side, and later ones sooner."""

    async def _hand_in(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                letter = await self._letters.get()
                group.create_task(self._late(letter))

    async def _late(self, letter: LoopLetter) -> None:
        await asyncio.sleep(0.2 if letter.number % 2 else 0)
        await self._receive(letter, self._ports.inlet)


class Escaping(LoopAdapter):
    """Thinks that text is markup."""

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        text = letter.text.replace("<", "&lt;")
        await super()._receive(LoopLetter(letter.number, letter.sender, letter.source, text), intake)


class Blabbing(LoopAdapter):
    """Prints its password."""

    async def run(self) -> None:
        print(self._config.password)
        await super().run()


class Optimist(LoopAdapter):
    """Takes a refusal for an outage."""

    async def run(self) -> None:
        try:
            await super().run()
        except Exception as error:
            raise ConnectionError("somehow") from error


class Eager(LoopAdapter):
    """Connects while it is constructed."""

    def __init__(self, config: LoopConfig, ports: Ports) -> None:
        super().__init__(config, ports)
        self.early = asyncio.ensure_future(asyncio.Event().wait())


class Deaf(LoopAdapter):
    """Passes no typing on."""

    async def _sign(self, sign: Sign) -> None:
        if sign.kind != "typing":
            await super()._sign(sign)


class Fragile(LoopAdapter):
    """Dies of a letter that it does not understand."""

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        codec.message(self._ports.channel, letter, ()).text.encode()
        await super()._receive(letter, intake)


class Generous(PlainLoop):
    """Takes longer texts than it declares, and says so wrongly."""

    capabilities: ClassVar[Capabilities] = replace(PlainLoop.capabilities, max_text=40)

    async def send(self, delivery: Delivery) -> Outcome:
        return await super().send(replace(delivery, text=delivery.text[:30]))


class Stateful(LoopAdapter):
    """Remembers in memory whom it may answer."""

    def __init__(self, config: LoopConfig, ports: Ports) -> None:
        super().__init__(config, ports)
        self.known: set[str] = set()

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        self.known.add(letter.sender)
        await super()._receive(letter, intake)

    async def send(self, delivery: Delivery) -> Outcome:
        return await super().send(delivery) if delivery.to in self.known else Sent()


FAULTS: list[tuple[type[PlainLoop], type[LoopRig], str]] = [
    (Hasty, LoopRig, "test_nothing_is_acknowledged_before_it_is_durable"),
    (Hasty, LoopRig, "test_when_memory_is_full_nothing_is_acknowledged_or_lost"),
    (Counting, LoopRig, "test_what_its_source_repeats_comes_in_once"),
    (Trusting, LoopRig, "test_a_frozen_peer_is_noticed"),
    (Forgetful, LoopRig, "test_what_was_written_while_the_daemon_was_down_comes_in"),
    (Overtaking, LoopRig, "test_what_was_written_while_the_daemon_was_down_comes_in"),
    (Hopeful, LoopRig, "test_a_check_tells_what_a_session_would"),
    (Hoarding, LoopRig, "test_what_is_kept_about_a_patron_can_be_forgotten"),
    (Unforgetting, LoopRig, "test_what_is_kept_about_a_patron_can_be_forgotten"),
    (Local, LoopRig, "test_another_host_goes_on_with_what_the_first_one_knew"),
    (Frontless, LoopRig, "test_the_chat_page_opens"),
    (Sloppy, PlainRig, "test_an_answer_whose_acknowledgement_is_lost_is_never_doubled"),
    (Boastful, AskingRig, "test_lookup_tells_what_arrived"),
    (Silent, LoopRig, "test_a_question_comes_in_and_its_answer_goes_out"),
    (Silent, LoopRig, "test_many_conversations_go_on_at_once"),
    (Leaky, LoopRig, "test_stopping_leaves_nothing_behind"),
    (Parallel, LoopRig, "test_one_conversation_keeps_its_order"),
    (Escaping, LoopRig, "test_markup_stays_text"),
    (Optimist, LoopRig, "test_refused_credentials_block_the_channel"),
    (Optimist, LoopRig, "test_what_cannot_work_is_found"),
    (Eager, LoopRig, "test_construction_has_no_effects"),
    (Deaf, LoopRig, "test_typing_is_told_both_ways"),
    (Fragile, LoopRig, "test_hostile_input_hurts_nobody_else"),
    (Generous, PlainRig, "test_a_long_answer_arrives_whole"),
    (Stateful, LoopRig, "test_the_reply_token_survives_a_restart"),
]


@pytest.mark.parametrize(("adapter", "rig", "case"), FAULTS, ids=[f"{each[0].__name__}-{each[2]}" for each in FAULTS])
async def test_a_faulty_adapter_is_found(
    adapter: type[Adapter], rig: type[LoopRig], case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rigs, "DEADLINE_S", 4.0)
    faulty: type[LoopRig] = type("FaultyRig", (rig,), {"adapter": adapter})
    scene = _scene(faulty, tmp_path)
    tasks = asyncio.all_tasks()
    await scene.ring.open()
    try:
        with pytest.raises(AssertionError):
            await getattr(Conformance, case)(Conformance.__new__(Conformance), scene)
    finally:
        await scene.leave()
        await scene.ring.close()
        await scene.rig.stop()
        for task in asyncio.all_tasks() - tasks:
            task.cancel()


async def test_a_password_that_is_printed_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    scene = _scene(type("BlabbingRig", (LoopRig,), {"adapter": Blabbing}), tmp_path)
    await scene.ring.open()
    try:
        with pytest.raises(AssertionError):
            await Conformance.test_secrets_are_never_seen(Conformance.__new__(Conformance), scene, capsys, caplog)
    finally:
        await scene.ring.close()


def _scene(rig: type[LoopRig], folder: Path) -> Scene:
    (folder / "rig").mkdir()
    made = rig(folder / "rig")
    return Scene(made, Ring(made.adapter, folder))


def test_no_case_may_be_overridden_or_added_to() -> None:
    def skip(self: Any) -> None:
        """Do nothing."""

    class Mixin:
        test_markup_stays_text = skip

    for bases, body in (
        ((Conformance,), {"rig": LoopRig, "test_markup_stays_text": skip}),
        ((Conformance,), {"rig": LoopRig, "test_markup_stays_text": None}),
        ((Conformance,), {"rig": LoopRig, "scene": skip}),
        ((Mixin, Conformance), {"rig": LoopRig}),
        ((Conformance,), {}),
    ):
        with pytest.raises(TypeError):
            type("Cheat", bases, body)


def test_an_expected_failure_names_a_case_and_a_reason() -> None:
    def suite(xfails: dict[str, str]) -> Any:
        return type("Honest", (Conformance,), {"rig": type("R", (LoopRig,), {"xfails": xfails})})

    with pytest.raises(TypeError, match="does not exist"):
        suite({"test_nothing_of_the_kind": "the network really cannot do this"})
    with pytest.raises(TypeError, match="reason"):
        suite({"test_markup_stays_text": "flaky"})
    made = suite({"test_markup_stays_text": "the network really cannot do this"})
    (mark,) = made.test_markup_stays_text.pytestmark
    assert (mark.name, mark.kwargs["strict"]) == ("xfail", True)
    assert not hasattr(Conformance.test_markup_stays_text, "pytestmark")


def test_there_are_about_thirty_cases_and_each_says_what_to_look_at() -> None:
    names = cases()
    assert len(names) >= 30
    for name in names:
        words = getattr(Conformance, name).__doc__ or ""
        assert "ook " in words or len(words.split()) >= 8, name


def test_every_entry_point_has_a_rig() -> None:
    from bridge.channels.plugins import kinds

    folder = Path(__file__).parent
    networks = [
        kind for kind in kinds() if not kind.startswith("practice-")
    ]  # whole daemons play these: tests/training
    assert {kind for kind in networks if not (folder / f"rig_{kind.replace('-', '_')}.py").is_file()} == set()


async def test_a_rig_says_what_its_network_has_not(tmp_path: Path) -> None:
    made = PlainRig(tmp_path)
    patron = await made.patron("ada")
    for refused in (patron.type(),):
        with pytest.raises(NotOffered):
            await refused
