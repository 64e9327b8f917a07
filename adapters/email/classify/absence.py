"""Whether a mail that no header gives away is a program's answer in the absence of its owner.

The rule: a subject that opens with "automatic reply", in any language, is a program's. Then it ends, or goes on with the old
subject after a colon. A subject that opens with "out of office", "abwesend", "poissa" may as well be a novel's title: the body
has to speak of being away. What a person answers or forwards ("Re: Automatic reply: Books") is the person's, and so is a
question.
"""

from __future__ import annotations

import re

from adapters.email.trimming.wording import folded

MAX_WORDS = 1_500


def _any(words: str) -> str:
    return "(?:" + "|".join(folded(" ".join(word.split())) for word in words.split("|")) + ")"


ANSWER = _any(
    r"""
    auto(?:matic|mated)?[ -]?(?:reply|respon[sd]\w*|answer) | automatisk\w* svar | autosvar | automatisch antwoord
    | automatische antwort | abwesenheits\w+ | réponse automatique | message d['’]absence | respuesta autom[áa]tica
    | resposta autom[áaà]tica | risposta automatica | odpowied[źz] automatyczna | automatyczna odpowied[źz]
    | automatick[áa] odpov\w+ | автоответ\w* | автоматический ответ | автоматична відповідь | автоматичен отговор
    | automaattinen vastaus | automaatvastus | automātiska atbilde | automatinis atsakymas | automatski odgovor
    | samodejni odgovor | automatikus válasz | răspuns automat | otomatik yanıt | αυτόματη απάντηση | sjálfvirkt svar
    | trả lời tự động | balasan otomatis | ตอบกลับอัตโนมัติ | تلقائي رد | رد تلقائي | תשובה אוטומטית | מענה אוטומטי
    | 自动答复 | 自动回复 | 自動回覆 | 自動返信 | 自動応答 | 자동 회신 | 자동 응답
    | vacation (?:message|notice|reply|response|auto\w*) | absence (?:notice|message) | afwezigheids\w+ | frånvaromeddelande
    | fraværsmelding | fraværsbesked | poissaoloviesti | poissaoloilmoitus
    | (?:out of (?:the )?office|ooo) (?:auto|re\b|notif|reply|message)\w*
    """
)
ABSENCE = _any(
    r"""
    (?:i am\s|i['’]m\s)?(?:currently\s)?(?:out of (?:the )?office|ooo|away|on (?:\w+ )?(?:leave|vacation|holidays?))
    | abwesen(?:d|heit) | (?:ich bin )?nicht im (?:büro|haus) | im urlaub | absent(?:e|\(e\))? | absence | en congés?
    | fuera de (?:la )?oficina | ausencia temporal | ausente | de vacaciones | ausência\w* | fora do escritório | de férias
    | fuori (?:sede|ufficio) | in ferie | assente | afwezig(?:heid)? | niet aanwezig | met vakantie | frånvaro\w* | på semester
    | fravær\w* | ikke til stede | ikke på kontoret | på ferie | poissa(?:olo)? | lomalla | nieobecn\w+ | na urlopie
    | mimo kancel\w+ | nepřítomn\w+ | neprítomn\w+ | нет на работе | в отпуске | отсутств\w+ | відсутн\w+ | házon kívül
    | absent din birou | ofis dışında | εκτός γραφείου | не в офиса | מחוץ למשרד | خارج المكتب | 不在\w* | 부재 중 | 外出
    | auto\s?:.*(?:out of|office|away|leave|vacation|holiday|au(?:ß|ss)er|büro|urlaub|absent|fuori|fuera)
    """
)
AWAY = re.compile(
    _any(
        r"""
    out of (?:the )?office | \bleave\b | vacation | on holidays? | \baway\b | (?:be|am|when i(?:['’]m| am)?|come) back | my return
    | return(?:ing)? (?:on|to) | travel(?:l)?ing | limited access | as soon as (?:i|possible) | nicht im (?:büro|haus) | urlaub
    | abwesen | wieder (?:da|erreichbar|zurück) | absent | congés? | de retour | vacances | fuera de | vacaciones | regres | volver
    | rientr | fuori | \bferie | férias | afwezig | vakantie | terug | semester | tillbaka | tilbage | tilbake | fravær | lomalla
    | palaan | poissa | urlop | wróc | nieobecn | dovolen | vrát | отпуск | верн | отсутств | відпуст | szabads | concedi | izin
    | tatil | άδεια | απουσ | חופש | إجازة | 休假 | 休暇 | 不在 | 부재 | 휴가
        """
    )
)
OPENS = re.compile(rf"^\W{{0,4}}{ANSWER}\s*(?:$|[:：()\[\]…–—-])")
QUESTION = ("?", "？", "؟")
# What programs write behind an absence: nothing, the old subject, a place, a date. A sentence that goes on is a person's.
NOTICE_GOES_ON = re.compile(
    _any(
        r"""
    \s*$ | \s*[:：(\[…–—,.!-] | の?お?知らせ | のご連絡 | から?の?
    | \s(?:until|till|from|since|between|starting|bis|vom|ab|jusqu[^\s]*|du\s|depuis|hasta|desde|fino|dal|al\s|até|tot|van|t\.?o\.?m
    |til|fra|asti|saakka|do\s|od\s|до|с\s|från|til\s|\d)
    | \s(?:from the office|notice|message|reply|office|du bureau|do escrit|del?\s|della?|dall|van kantoor|fr[åa] kontor|toimistolta
    |ist|is\s)
        """
    )
)
# An absent sender who asks something is a person: a question, a request, somebody spoken to, what libraries lend.
ASKS = re.compile(
    _any(
        r"""
    [?？؟] | \b(?:can|could|may|shall|should|do|does|is) (?:i|you|we|my|the|it)\b | \bi (?:need|want|would like|cannot|can't)\b
    | please (?:renew|extend|keep|send|tell) | renew | remote access
    | \b(?:my|your|the|a|any) (?:\w+ )?(?:books?|loans?|card|account|copy|copies|library|librarian|hold|item|article)s?\b
    | verlänger | ausleih | leihfrist | können sie | kann ich | könnten
    | \b(?:das|die|meine|ihr|ihre|ein|dies\w+) (?:\w+ )?(?:buch|bücher|roman|ausweis|konto)\b
    | prolonger | emprunt | puis-je | pouvez-vous | pourriez | puedo | pueden | podrían | renovar | préstamo | posso | potete
    | prestito | rinnov | kan ik | kunt u | verleng | boeken? (?:verleng|terug) | kan jag | kan jeg | låna | låne | voinko | uusia
    | czy mog | przedłuż | můžu | prodlouž | можно ли | могу ли | продл | yenile | 借り | 延長 | 貸出 | 续借 | 대출
        """
    )
)
IN_BRACKETS = re.compile(r"[\[(](?:auto(?:matic)?[ -]?(?:reply|response)|out of office|abwesend|autoresponder)[\])]")
ABSENT = re.compile(rf"^\W{{0,4}}{ABSENCE}(?!\w)")


def opens_as_answer(subject: str) -> bool:
    """Whether a subject is one that only programs write: "Automatic reply", and then the old subject or nothing."""
    line = _line(subject)
    return not line.endswith(QUESTION) and bool(OPENS.match(line) or IN_BRACKETS.search(line))


def is_absence(subject: str, words: str) -> bool:
    """Whether this subject, with these words below it, is an automatic answer."""
    line, said = _line(subject), folded(words[:MAX_WORDS])
    if line.endswith(QUESTION):
        return False
    if OPENS.match(line) or IN_BRACKETS.search(line):
        return True
    absent = ABSENT.match(line)
    if absent is None or not (line.startswith("auto") or NOTICE_GOES_ON.match(line[absent.end() :])):
        return False
    return bool(AWAY.search(said)) and not ASKS.search(said) and not ASKS.search(line[absent.end() :])


def _line(subject: str) -> str:
    return " ".join(folded(subject).split())
