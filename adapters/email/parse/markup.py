"""HTML of a mail: to plain text for reading and trimming, and to clean HTML for isolated display.

The rule: nothing of it may run and nothing may be fetched. The clean HTML comes from nh3 (ammonia) with a short list of
elements, no style, no class, links only to http(s) and mailto; pictures only those that came with the mail, as `cid:` links
that the caller maps. The text keeps what a reader sees. Hidden elements (preheaders, tracking pixels) are left out, a
quotation is marked with `>`. One line, CUT, marks the place where a mail program put the mail that is answered. Each line of a
box that the program names a signature opens with BOX. Trimming understands both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import unquote

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


CUT = "\ue000cut\ue000"
BOX = "\ue001"
MAX_HTML = 2_000_000  # characters that are read
MAX_NODES = 60_000
MAX_NESTING = 300
TAGS = _names(
    """
    a abbr b blockquote br caption code col colgroup dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p
    pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul
    """
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
DROPPED = _names(
    """
    embed iframe math noscript object script select style svg template textarea title
    """
)
BLOCKS = _names(
    """
    address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header
    hr li main nav ol p pre section table tr ul
    """
)
SPACED = _names(
    """
    dl h1 h2 h3 h4 h5 h6 ol p pre ul
    """
)
SKIPPED = _names(
    """
    head iframe math noscript o:p object script style svg template title xml
    """
)
HIDDEN = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt)?\s*(?:;|$)",
    re.IGNORECASE,
)
QUOTED_CLASS = re.compile(
    r"(?:^|\s)(?:gmail_quote(?:_container)?|yahoo_quoted|moz-email-headers-table|OutlookMessageHeader|"
    r"zmail_extra|protonmail_quote"
    r"|tutanota_quote|WordSection1-quote|ms-outlook-mobile-reference-message|gmail_extra_quote|"
    r"mailbox_signature_quote|freebirdQuote)(?:\s|$)"
)
QUOTED_ID = re.compile(
    r"^(?:x_)*(?:divRplyFwdMsg|stopSpelling|appendonsend|OLK_SRC_BODY_SECTION|reply-intro|isReplyContent|"
    r"mail-editor-reference-message.*"
    r"|yahoo_quoted_.*|x_divRplyFwdMsg|replySplit|zimbraReply.*)$"
)
SIGNATURE = re.compile(
    r"(?:^|\s)(?:x_|m_[\w-]{1,40}|ydp\w{1,40})?(?:gmail_signature(?:_prefix)?|moz-signature|yahoo-?signature|apple-?mail-?signature\w*"
    r"|protonmail_signature_block(?:-user|-proton)?|tutanota_signature|ms-outlook-mobile-signature|mail-?signature"
    r"|email-?signature|signature|_?mailsignature|zmailsignature|elementToProof-signature)(?:\s|$)",
    re.IGNORECASE,
)
OUTLOOK_RULE = re.compile(
    r"border:\s*none;\s*border-top:\s*solid\s*#?\w+\s*1\.0pt|padding:\s*3\.0pt\s+0(?:cm|in|mm)?\s+0(?:cm|in|"
    r"mm)?\s+0(?:cm|in|mm)?"
    r"|padding-top:\s*5px;\s*border-top-color:\s*rgb\(229,\s*229,\s*229\)",
    re.IGNORECASE,
)
CID = re.compile(r"cid:((?:&lt;|<)?[^\s\"'<>)]{1,500})", re.IGNORECASE)
OUTSIDE = re.compile(r"https?://|mailto:", re.IGNORECASE)
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
NOT_NESTED = _names(
    """
    area base basefont br col dd dt embed frame hr img input li link meta option p param source td th tr track wbr
    """
)
SPACES = re.compile(r"[ \t\r\n\f\v]+")


def clean_html(source: str, pictures: Mapping[str, str]) -> str:
    """Return HTML that can neither run nor fetch anything.

    `pictures` maps content ids of this mail to links of ours (or to `cid:` links, to be mapped later by cleaning once more);
    any other picture loses its source and keeps its description.
    """

    known = {content_id(name): link for name, link in pictures.items()}

    def filtered(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            return known.get(content_id(value.strip()[4:])) if value.strip()[:4].lower() == "cid:" else None
        if attribute == "href":
            return value if OUTSIDE.match(value) else None
        return value

    return nh3.clean(
        shallow(source[:MAX_HTML]),
        tags=set(TAGS),
        clean_content_tags=set(DROPPED),
        attributes={"*": set()} | {tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=filtered,
        url_schemes={"http", "https", "mailto", "cid"},
        url_relative="pass_through",  # the filter above lets no relative link through but ours
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def content_id(spelled: str) -> str:
    """Return a content id for comparing: programs percent-encode it, change its case or keep its brackets (RFC 2392)."""
    return unquote(unescape(spelled)).strip().strip("<>").strip().casefold()


def shallow(source: str) -> str:
    """Return `source` without the elements that are nested deeper than any mail program does it.

    Parsers need time that grows with the square of the depth: 100,000 open elements cost them ten seconds.
    """
    depth = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal depth
        if match.group(2).lower() in NOT_NESTED:
            return match.group(0)
        if match.group(1):
            depth = max(0, depth - 1)
            return match.group(0)
        depth += 1
        return match.group(0) if depth <= MAX_NESTING else "<br "

    return TAG.sub(kept, source)


def html_text(source: str) -> str:
    """Return what a reader sees of `source` as plain text, quotations marked with `>` and the cut with a line CUT."""
    body = LexborHTMLParser(shallow(source[:MAX_HTML])).body
    page = Page()
    if body is not None:
        page.read(body)
    return page.text()


class Page:
    """Collects lines while the tree is walked from top to bottom, without recursion."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.boxes = 0  # depth of signatures
        self.kept = 0  # depth of pre
        self.nodes = 0

    def read(self, body: LexborNode) -> None:
        """Walk below `body`; what lies deeper or further than the limits is left out."""
        waiting: list[tuple[LexborNode | None, str]] = [(body, "")]
        while waiting:
            node, closing = waiting.pop()
            if node is None:
                self._close(closing)
                continue
            self.nodes += 1
            if self.nodes > MAX_NODES:
                break
            tag = node.tag or "-"
            if tag == "-text":
                self._words(node.text_content or "")
                continue
            if tag in SKIPPED or tag.startswith("-") or len(waiting) > MAX_NODES:
                continue
            attributes = {name: value or "" for name, value in node.attributes.items()}
            if HIDDEN.search(attributes.get("style", "")) or "hidden" in attributes:
                continue
            closing = self._open(tag, attributes)
            if _is_signature(tag, attributes):
                self._break()
                self.boxes += 1
                closing = f"box {closing}"
            waiting.append((None, closing))
            children = list(node.iter(include_text=True))
            waiting.extend((child, "") for child in reversed(children))

    def text(self) -> str:
        """The lines; never more than two empty ones in a row."""
        self._break()
        joined = "\n".join(line.rstrip() for line in self.lines)
        return re.sub(r"\n{4,}", "\n\n\n", joined).strip("\n").replace("\xa0", " ")

    def _open(self, tag: str, attributes: dict[str, str]) -> str:
        """What opens here; returns what `_close` needs to know."""
        if tag == "br":
            self._break(always=True)
            return ""
        if tag == "img":
            self._picture(attributes)
            return ""
        if tag in BLOCKS:
            self._break()
        if _opens_quotation(tag, attributes) and not self.quotes:
            self._add(CUT)
        spaced = tag in SPACED and "MsoNormal" not in attributes.get("class", "")
        if spaced and self.lines and self.lines[-1].strip("> "):
            self._add("")
        if tag == "blockquote" and not _is_indent(attributes):
            self.quotes += 1
            return "quote"
        if tag == "li":
            self.line.append("- ")
        if tag == "pre":
            self.kept += 1
            return "pre"
        if tag == "a":
            return f"a {len(self.line)} {attributes.get('href', '').strip()}"
        if tag in ("td", "th"):
            self.line.append(" ")
        return "space" if spaced else "block" if tag in BLOCKS else ""

    def _close(self, closing: str) -> None:
        if closing.startswith("box "):
            self._break()
            self.boxes -= 1
            closing = closing[4:]
        if closing.startswith("a "):
            begun, _, target = closing[2:].partition(" ")
            self._link(int(begun), target)
        elif closing:
            self._break()
        if closing == "quote":
            self.quotes -= 1
        elif closing == "pre":
            self.kept -= 1
        elif closing == "space" and self.lines and self.lines[-1].strip("> "):
            self._add("")

    def _words(self, text: str) -> None:
        if self.kept:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.line.append(first)
            for line in rest:
                self._break(always=True)
                self.line.append(line)
            return
        self.line.append(SPACES.sub(" ", text))

    def _link(self, begun: int, target: str) -> None:
        """Name a link's target where the words of the link do not."""
        shown = "".join(self.line[begun:])
        bare = re.sub(r"^https?://|/$", "", target)
        if target.startswith(("http://", "https://")) and len(target) <= 300 and bare not in shown:
            self.line.append(f" <{target}>")

    def _picture(self, attributes: dict[str, str]) -> None:
        alt = attributes.get("alt", "").strip()
        if alt and attributes.get("width") not in ("0", "1") and attributes.get("height") not in ("0", "1"):
            self.line.append(f"[{alt[:200]}]")

    def _break(self, always: bool = False) -> None:
        text = "".join(self.line)
        text = text if self.kept else re.sub(" +", " ", text).strip(" ")
        if text or always:
            self._add(text)
        self.line.clear()

    def _add(self, text: str) -> None:
        quoted = "> " * min(self.quotes, 40) + text if self.quotes else text
        self.lines.append(BOX + quoted if self.boxes and text and not self.quotes else quoted)


def _opens_quotation(tag: str, attributes: dict[str, str]) -> bool:
    style = attributes.get("style", "")
    return bool(
        (
            tag in ("div", "hr", "table", "body", "span")
            and (
                QUOTED_CLASS.search(attributes.get("class", ""))
                or QUOTED_ID.match(attributes.get("id", ""))
                or ("data-marker" in attributes and attributes["data-marker"] == "__QUOTED_TEXT__")
            )
        )
        or (tag == "div" and OUTLOOK_RULE.search(style))
    )


def _is_signature(tag: str, attributes: dict[str, str]) -> bool:
    """Whether the mail program says that this element holds the signature."""
    names = (attributes.get("class", ""), attributes.get("id", ""))
    return tag in ("div", "pre", "span", "table", "p", "section") and (
        any(SIGNATURE.search(name) for name in names)
        or attributes.get("data-smartmail", "") == "gmail_signature"
        or attributes.get("data-marker", "").startswith("__SIG")
    )


def _is_indent(attributes: dict[str, str]) -> bool:
    """A blockquote that only moves its own text to the right: quoting programs say so by type, outer box, or a line."""
    style = re.sub(r"\s", "", attributes.get("style", "").lower())
    if attributes.get("type") == "cite":
        return False
    if "border:none" in style or "margin:00040px" in style:
        return True
    return "gmail_quote" in attributes.get("class", "") and "border" not in style
