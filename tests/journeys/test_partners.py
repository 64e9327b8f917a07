"""Two deployments as partners: a question nobody at home can take is answered next door, and comes home again."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.deployments import become_partners, patron_at, two_deployments


async def test_a_question_is_answered_by_the_partner_and_comes_home(tmp_path: Path) -> None:
    async with two_deployments(tmp_path) as (home, night):
        await become_partners(home, night)
        await night.boss.attend("north/reference")
        async with patron_at(home) as patron:
            await home.until_partner(lambda one: bool(one["staffed"]), "home sees that night is there")
            await patron.say("Is there a law against noise at night?")
            talk = await night.until_row("Is there a law against noise at night?")
            assert night.row("Is there a law against noise at night?")["patron"].endswith("(North Library)")
            await night.say(talk, "There is: from ten in the evening.")
            await patron.until(lambda: patron.answers() == ["There is: from ten in the evening."])
            assert any("Bob from Night Service" in line["text"] for line in patron.lines.values())
            await home.restart()
            await patron.say("Where can I read it?")
            await night.until_row("Where can I read it?")
            await night.restart()
            await night.say(talk, "In our collection of bylaws.")
            await home.wire.cut()
            await night.wire.cut()
            await patron.say("Thank you!")
            await night.say(talk, "Anything else?")
            await home.wire.heal()
            await night.wire.heal()
            wanted = ["There is: from ten in the evening.", "In our collection of bylaws.", "Anything else?"]
            await patron.until(lambda: patron.answers() == wanted)
            await night.until_row("Thank you!")
            status, said = await night.boss.do(f"/conversations/{talk}/close", {"code": "answered"})
            assert status == 200, said
