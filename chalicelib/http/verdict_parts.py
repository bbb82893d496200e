"""The parts of a handoff's page: its look, its buttons, and the list of reasons."""

from collections.abc import Mapping
from datetime import date
from html import escape

from chalicelib.days import months_later
from chalicelib.http.shell import Shell
from chalicelib.http.verdict_form import ATTEMPTS_MAX, MONTHS_AHEAD, VerdictDraft
from chalicelib.lifecycle.verdicts import RejectReason
from chalicelib.limits import REASON_MAX_CHARS

#: The choices stay at the foot of a phone's screen: the criteria above them are longer than that.
#: Fields that belong to a reason
#: show when it is chosen; a browser that cannot tell shows them all.
PAGE_STYLE = """
html{scroll-padding-bottom:7rem}
.day{white-space:nowrap}
.card{margin-top:1rem;overflow:clip}
main{padding-top:1.1rem}
h1{margin-bottom:.15rem}
h3{margin:.75rem 0 .25rem;font-size:1rem}
.sub{margin-bottom:.6rem}
.wants{margin-bottom:.75rem;font-weight:600}
.said{padding:.6rem .9rem;border:1px solid var(--line);border-radius:8px}
.reach,.choices{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 1rem}
.reach>*{flex:1 1 12rem}
.reach button{width:100%}
.choices>*,.choices .button{flex:1 1 7.5rem;display:flex}
.button,button{text-align:center}
.reach span{display:block;font-weight:400;font-size:.95rem;white-space:nowrap;overflow:hidden;
text-overflow:ellipsis}
.choices{position:sticky;bottom:0;margin:1.25rem -1.5rem -1.25rem;padding:.75rem 1.5rem;
background:var(--card);border-top:1px solid var(--line)}
.choices button{flex:1}
.choices button,.choices .button{justify-content:center;align-items:center;min-height:56px;
padding:.6rem .9rem}
blockquote{margin:0 0 1rem;padding:.25rem 0 .25rem 1rem;border-left:4px solid var(--line)}
ol{margin:0;padding-left:1.4rem}
legend{font-weight:600;padding:0 .4rem}
fieldset fieldset{border:0;padding:0 0 .5rem 2.2rem;margin:0}
fieldset fieldset legend{padding:0;font-weight:400}
input[type=text],input[type=email],input[type=number],input[type=date],textarea{width:100%;
height:auto;min-height:44px;padding:.5rem .7rem;font:inherit;color:var(--text);
background:var(--card);border:1px solid var(--text);border-radius:8px}
.field{display:block;min-height:0;margin:0 0 .75rem}
.field span{display:block}
textarea:focus-visible{outline:3px solid var(--text);outline-offset:2px}
.wrong{display:block;font-weight:600}
@supports selector(:has(a)){
.more{display:none}
form:has(#not_ready:checked,#no_budget:checked) .when,
form:has(#wrong_person:checked) .who,form:has(#unreachable:checked) .attempts,
form:has(#duplicate:checked) .duplicate{display:block}}
"""
GROUPS: Mapping[str, tuple[RejectReason, ...]] = {
    "reasons.later": (
        RejectReason.NOT_READY,
        RejectReason.NO_BUDGET,
        RejectReason.WRONG_PERSON,
        RejectReason.UNREACHABLE,
    ),
    "reasons.never": (
        RejectReason.NOT_A_FIT,
        RejectReason.NOT_A_BUYER,
        RejectReason.COMPETITOR,
        RejectReason.ALREADY_CUSTOMER,
    ),
    "reasons.mistake": (RejectReason.DUPLICATE, RejectReason.NOT_SALES, RejectReason.SPAM),
    "reasons.other": (RejectReason.OTHER,),
}


def hidden(name: str, value: str) -> str:
    """Return a hidden field."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def send_button(
    shell: Shell, verdict: str, shown: str, *, how: str = "", quiet: bool = False
) -> str:
    """Return a form of one button that gives a verdict. how: in which way the salesperson gets in
    touch at once.
    """
    look = ' class="quiet"' if quiet else ""
    words = shell.say(f"verdict.{how or verdict}")
    also = hidden("how", how) if how else ""
    button = f'<button name="verdict" value="{verdict}"{look}>{words}</button>'
    return f'<form method="post">{hidden("shown", shown)}{also}{button}</form>'


def reason_form(
    shell: Shell, draft: VerdictDraft, errors: Mapping[str, str], *, today: date, shown: str
) -> str:
    """Return the form with the reasons. What was filled in stays; each error names its field."""
    groups = "".join(
        f"<fieldset><legend>{shell.say(key)}</legend>"
        + "".join(
            _reason(shell, one, draft) + _more(shell, one, draft, errors, today) for one in reasons
        )
        + "</fieldset>"
        for key, reasons in GROUPS.items()
    )
    note = _field(
        shell,
        "note",
        f'<textarea name="note" id="note" rows="3" maxlength="{REASON_MAX_CHARS}"'
        f"{_wrong_ref('note', errors)}>{escape(draft.note)}</textarea>",
        errors,
    )
    summary = ""
    if errors:
        summary = f'<p class="said" role="alert">{shell.say("verdict.error")}</p>'
    wrong = _wrong(shell, "reason", errors)
    button = f'<button name="verdict" value="reject">{shell.say("verdict.send")}</button>'
    return (
        f'{summary}<form method="post">{hidden("shown", shown)}{wrong}{groups}{note}'
        f"<p>{button}</p></form>"
    )


def _reason(shell: Shell, reason: RejectReason, draft: VerdictDraft) -> str:
    chosen = " checked" if draft.reason == reason else ""
    box = f'<input type="radio" name="reason" id="{reason}" value="{reason}"{chosen} required>'
    return f"<label>{box}<span>{shell.say(f'reason.{reason}')}</span></label>"


def _more(
    shell: Shell, reason: RejectReason, draft: VerdictDraft, errors: Mapping[str, str], today: date
) -> str:
    """Return the fields that belong to a reason, behind it."""
    match reason:
        case RejectReason.NO_BUDGET:  # and to the one before it
            return _when(shell, draft, errors, today)
        case RejectReason.WRONG_PERSON:
            box = _text("who", "text", draft.who, errors)
            return f'<div class="more who">{_field(shell, "who", box, errors)}</div>'
        case RejectReason.UNREACHABLE:
            box = _text("attempts", "number", draft.attempts, errors, f' max="{ATTEMPTS_MAX}"')
            return f'<div class="more attempts">{_field(shell, "attempts", box, errors)}</div>'
        case RejectReason.DUPLICATE:
            box = _text("duplicate_of", "email", draft.duplicate_of, errors)
            return f'<div class="more duplicate">{_field(shell, "duplicate_of", box, errors)}</div>'
        case _:
            return ""


def _when(shell: Shell, draft: VerdictDraft, errors: Mapping[str, str], today: date) -> str:
    days = {"": shell.say("until.open")}
    for months in MONTHS_AHEAD:
        day = months_later(today, months).isoformat()
        days[day] = f'{shell.say(f"until.{months}")} <span class="day">({day})</span>'
    chosen = draft.until if draft.until in days else ""
    typed = draft.until if draft.until not in days else ""
    radios = "".join(
        f'<label><input type="radio" name="until" value="{day}"'
        f"{' checked' if day == chosen else ''}><span>{words}</span></label>"
        for day, words in days.items()
    )
    first = f' min="{months_later(today, 0).isoformat()}"'
    box = _text("until", "date", typed, errors, first)
    own = _field(shell, "until", box, errors)
    legend = f"<legend>{shell.say('until.legend')}</legend>"
    return f'<fieldset class="more when">{legend}{radios}{own}</fieldset>'


def _text(name: str, kind: str, value: str, errors: Mapping[str, str], more: str = "") -> str:
    least = ' min="1" inputmode="numeric"' if kind == "number" else ""
    return (
        f'<input type="{kind}" name="{name}" id="{name}" value="{escape(value)}"{least}{more}'
        f"{_wrong_ref(name, errors)}>"
    )


def _field(shell: Shell, name: str, box: str, errors: Mapping[str, str]) -> str:
    label = f'<label class="field" for="{name}"><span>{shell.say(f"field.{name}")}</span></label>'
    return f"{label}{_wrong(shell, name, errors)}{box}"


def _wrong(shell: Shell, name: str, errors: Mapping[str, str]) -> str:
    if name not in errors:
        return ""
    return f'<p class="wrong" id="{name}-wrong">{shell.say(errors[name])}</p>'


def _wrong_ref(name: str, errors: Mapping[str, str]) -> str:
    return f' aria-invalid="true" aria-describedby="{name}-wrong"' if name in errors else ""
