"""Why mail was not delivered: the words of many mail programs and their status codes, as one reason out of few.

The rule: `hard` only when the address itself will never work: nobody of that name, no such host, moved, accepts no mail. A full
box, a suspended account, a refused sender or content, a time-out and everything that is merely probable is soft. What the
program says in words counts more than its code (many answer 5.0.0 or 5.7.1 to everything); codes are of RFC 3463 and RFC 5248.
"""

from __future__ import annotations

import re

HARD = frozenset({"no-such-user", "no-such-host", "moved", "accepts-no-mail"})

# Tried in order; the first whose words occur wins.
WORDS: tuple[tuple[str, str], ...] = (
    (
        "refused",
        r"my name was rejected|(?:after|reply to|response to) (?:the )?(?:mail from|helo|ehlo)|"
        r"recipient preferences|email preferences|"
        r"did not like our (?:mail from|ehlo|helo)",
    ),
    (
        "box-full",
        r"quota|mailbox (?:is )?full|mail ?box .{0,30}exceeded|over ?the ?limit|storage.{0,30}(?:exceed|full|"
        r"limit)|mailfolder is full|"
        r"insufficient (?:disk|storage)|disk ?full|full mailbox|boîte.{0,20}pleine|postfach.{0,20}voll|"
        r"too many messages|not enough space|"
        r"exceeded the local limit|out of (?:email )?space|inbox is full|account is full|no space left|"
        r"is over its limit|mailbox size|"
        r"maildir (?:delivery failed.{0,20})?over|size limit for this user|exceeded (?:his|her|their|storage)",
    ),
    (
        "too-large",
        r"message (?:is )?too (?:big|large)|exceed\w* .{0,40}(?:message size|size limit|"
        r"maximum (?:message )?size)|size (?:limit )?exceed|"
        r"message size (?:exceed|limit)|message length exceeds|too large|mail size limit|file size limit|"
        r"message.{0,20}larger than",
    ),
    (
        "suspended",
        r"account (?:is |has been |was )?(?:disabled|suspended|inactive|deactivated|locked|expired|blocked|"
        r"on hold|temporarily)|"
        r"(?:mailbox|mail ?box|user|recipient|email account)\S* (?:\S+ ){0,4}(?:is |has been |was |"
        r"currently )?(?:disabled|suspended|inactive|frozen|locked)|"
        r"account.{0,30}not active|not activated|inactive (?:user|account|mailbox)|disabled or discontinued|"
        r"mailbox currently suspended|"
        r"user suspended|mailbox (?:temporarily )?disabled|temporarily disabled|account closed|"
        r"invalid/inactive|mailbox unavailable or access denied",
    ),
    (
        "no-such-user",
        r"recipient address rejected: access denied|5\.1\.1\W.{0,120}(?:user unknown|unknown user|"
        r"no such user|does not exist|unknown address)|"
        r"bad destination mailbox address",
    ),
    (
        "no-such-host",
        r"domain is not reachable|host (?:unknown|not found|or domain name not found)|unknown host|"
        r"no such domain|domain (?:name )?(?:does not exist|not found|must resolve"
        r"|couldn't be found|could not be found|unknown|is not valid|doesn't exist)|name service error|"
        r"nxdomain|unrouteable (?:mail )?domain|"
        r"unroutable (?:mail )?domain|bad (?:destination )?(?:host|domain)|illegal host/domain|"
        r"no mail ?(?:server|exchanger|host)|"
        r"couldn't find any host|name or service not known|all relevant mx records point to non-?existent|"
        r"domain of .{0,50}does not resolve|"
        r"unable to (?:resolve|find) .{0,40}(?:host|domain)|invalid domain|cannot find your domain|"
        r"recipient.?s? domain.{0,20}(?:invalid|not exist)|"
        r"name server for .{0,60}not|dns (?:error|lookup).{0,60}(?:not found|no such|nxdomain)|"
        r"has no (?:valid )?mx|no mx record|no valid hosts",
    ),
    (
        "moved",
        r"has moved|moved to another|address (?:has )?changed|no longer (?:at|on) this server|"
        r"user .{0,30}has moved|new address",
    ),
    (
        "accepts-no-mail",
        r"does not (?:accept|receive) (?:e-?)?mail|doesn't (?:accept|receive) mail|"
        r"not? accept(?:ing)? (?:any )?(?:e-?)?mail\b|null mx|nullmx|"
        r"host/domain does not accept mail|smtp protocol (?:is )?not (?:available|supported)|"
        r"521 .{0,40}(?:accept|not)|host does not receive mail",
    ),
    (
        "refused",
        r"access (?:was )?denied|not authori[sz]ed|blacklist|black ?list|block ?list|blocked|spamhaus|spamcop|"
        r"barracuda|\brbl\b|dnsbl|reputation|"
        r"poor sender|sender (?:address )?(?:rejected|denied|verif)|relay(?:ing)? (?:access )?(?:denied|not)|"
        r"unable to relay|not permitted to relay|"
        r"relaying|spf|dkim|dmarc|reverse (?:dns|host|lookup)|\bptr\b|policy|spam|virus|infected|"
        r"content.{0,20}(?:rejected|blocked)|"
        r"authentication|unauthenticated|not a member|only (?:members|subscribers)|not allowed to (?:post|"
        r"send)|permission to post|"
        r"client host .{0,60}(?:rejected|blocked)|too many (?:connections|recipients|errors)|rate.?limit|"
        r"try again later|greylist|"
        r"temporarily (?:deferred|rejected)|suspicious|junk|unsolicited|rejected by (?:policy|the recipient)|"
        r"prohibited|"
        r"rejected (?:for|due to) (?:policy|security)|banned|not rfc ?\d+ compliant|rfc 5322|malformed|"
        r"non-ascii|bad header|syntax",
    ),
    (
        "no-such-user",
        r"user ?(?:name)? ?(?:is )?(?:unknown|not (?:found|known|exist))|unknown (?:or illegal )?(?:local |"
        r"virtual )?(?:user|recipient|address|mailbox|account|local-part|alias)|"
        r"no (?:such|mailbox|account|valid recipient)|(?:user|recipient|address|mailbox|account|addressee|"
        r"email|alias|person)\S* .{0,60}(?:does not|doesn'?t|do not|did not) (?:exist|have|match|appear)|"
        r"invalid (?:recipient|mailbox|user|address|final delivery userid|account|virtual|email)|(?:recipient|"
        r"mailbox|address|user|account) (?:\S+ ){0,3}(?:not found|unknown|invalid|nonexistent|non-existent|"
        r"unavailable|not (?:valid|recogni[sz]ed|listed|known|available)|is not (?:a |valid|found|known))|"
        r"not (?:a (?:valid|known|local)|our) (?:user|mailbox|address|recipient|customer|account)|"
        r"not listed in (?:domino|public|the)|unrouteable address|undeliverable address|"
        r"name is not recogni[sz]ed|unknown recipient|"
        r"no longer (?:valid|available|active|in use|here|works|with)|bad (?:destination |"
        r"recipient )?(?:mailbox|address|user)|"
        r"this user doesn'?t have|mailbox (?:is )?(?:unavailable|not found)|couldn'?t be found|"
        r"could not be found|wasn'?t found|was not found|address not found|not exist|nonexistent|non-existent|"
        r"unknown-?user|destinataire (?:inconnu|inexistant)|adresse (?:d[’']au moins un destinataire invalide|"
        r"inconnue)|utilisateur inconnu|"
        r"empfänger .{0,20}unbekannt|unbekannter|usuario desconocido|cuenta no existe|usuário desconhecido|"
        r"utente sconosciuto|"
        r"user_unknown|recipnotfound|recipientnotfound|not our customer|not a registered|unable to find|"
        r"is not known|cannot find|has no mailbox|not have an? (?:account|mailbox)|"
        r"delivery failed: unknown|invalid local part|account deleted|has been deleted|unknown$|"
        r"ofr_?\d* ?\[?416|ofr_416|lmtp.{0,30}unknown",
    ),
    (
        "timed-out",
        r"timed? ?out|delayed|expired|could not be delivered for|retry time|too long|unable to (?:connect|"
        r"contact)|connection refused|"
        r"network (?:is )?unreachable|no route to host|lost connection|connection (?:was )?(?:dropped|reset|"
        r"closed)|deferred|undelivered for",
    ),
)
PATTERNS = tuple((reason, re.compile(words, re.IGNORECASE)) for reason, words in WORDS)

CODES: tuple[tuple[str, str], ...] = (
    (r"5\.1\.(?:1|3|10)", "no-such-user"),
    (r"5\.1\.2", "no-such-host"),
    (r"5\.4\.4", "no-such-host"),
    (r"5\.1\.6", "moved"),
    (r"[45]\.(?:1\.10|7\.27|4\.0)\b.*null mx", "accepts-no-mail"),
    (r"[45]\.2\.1", "suspended"),
    (r"[45]\.2\.2", "box-full"),
    (r"[45]\.(?:2\.3|3\.4)", "too-large"),
    (r"[45]\.4\.7", "timed-out"),
    (r"4\.\d+\.\d+", "timed-out"),
    (r"[45]\.(?:1\.[78]|6\.\d|7\.\d+)", "refused"),
)
CODE_PATTERNS = tuple((re.compile(code), reason) for code, reason in CODES)
ENHANCED = re.compile(r"(?<![\d.\[(v/_-])([245]\.\d\.\d{1,3})(?![\d.]\d|\d|\.\d)")
REPLY = re.compile(r"(?:^|[\s:>(\"'])([45]\d\d)(?=[\s\-:#]|$)")
AFTER_DATA = re.compile(
    r"end of data|reply to (?:end of )?data|>>> ?data\b|smtp command data|after data|data command", re.IGNORECASE
)
AT_RCPT = re.compile(r"rcpt|recipient|\b5\.[1-9]\.\d", re.IGNORECASE)
BARE_550 = re.compile(r"(?:^|[\s:;])550\W(?!\S*5\.[1-9])")
MAX_SAID = 4_000


def status_of(said: str) -> str:
    """Return the last enhanced status code in what a server said, else one made of its reply code, else ""."""
    found: list[str] = [code for code in ENHANCED.findall(said[:MAX_SAID]) if code[0] in "45"]
    specific = [code for code in found if not code.endswith(".0.0")]
    if found:
        return (specific or found)[-1]
    reply = REPLY.search(said[:MAX_SAID])
    return f"{reply.group(1)[0]}.0.0" if reply else ""


def reason_of(said: str, context: str = "", whole: str = "", *, status: str = "") -> str:
    """Return why. `said`: the other server's answer; `context`: what the report says about this address; `whole`: all it says.

    The nearest words count first, the status code last; "" when nothing can be told.
    """
    texts = [" ".join(text[:MAX_SAID].split()) for text in (said, context, whole)]
    reason = next((found for text in texts if (found := _by_words(text))), "")
    session = " ".join(texts[:2]) if texts[0] or texts[1] else texts[2]
    if reason == "no-such-user" and status in ("5.2.1", "4.2.1") and "rcpt" not in session.lower():
        return "suspended"
    if reason == "no-such-user" and _after_data(session, status):
        return "refused"
    if reason == "no-such-host" and status in ("5.1.7", "5.1.8"):
        return "refused"
    return reason or next((reason for code, reason in CODE_PATTERNS if code.fullmatch(status)), "")


def _by_words(text: str) -> str:
    return next((reason for reason, pattern in PATTERNS if pattern.search(text)), "")


def _after_data(tidy: str, status: str) -> bool:
    """A server that took the address at RCPT and says "unknown" only after the content filters; the address may well exist."""
    if re.match(r"5\.1\.[1-6]|5\.[45]\.", status):
        return False
    return bool(AFTER_DATA.search(tidy)) or (bool(BARE_550.search(tidy)) and not AT_RCPT.search(tidy))
