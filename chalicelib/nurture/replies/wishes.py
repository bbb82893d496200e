"""Whether an answer asks us to stop. Words alone decide, so that it can be explained: what is
surely a wish stops the emails, what may be one is shown to a person (ADR 0062).
"""

import re
from enum import StrEnum

from chalicelib.nurture.replies.automatic import bare_subject
from chalicelib.nurture.replies.written import Written, bare_words


class Wish(StrEnum):
    """What an answer asks of our emails."""

    NONE = "none"
    MAY_STOP = "may_stop"
    STOP = "stop"


#: The whole first line of an answer, as bare words.
STOP_LINES = frozenset(
    [
        *("stop", "stopp", "stop please", "please stop", "unsubscribe", "unsubscribe please"),
        *("please unsubscribe", "opt out", "optout", "abmelden", "bitte abmelden", "abmeldung"),
        *("abbestellen", "bitte stopp", "bitte stop", "austragen"),
        *("desinscription", "desinscrire", "se desinscrire", "desabonnement", "se desabonner"),
        *("afmelden", "uitschrijven", "rezygnuje", "rezygnacja", "wypisz", "wypisz mnie", "baja"),
        *("darse de baja", "desuscribir", "disiscriviti", "disiscrivimi", "disiscrizione"),
        "cancellami",
    ]
)
#: "Please don't stop, this is great" asks for the opposite.
GO_ON = re.compile(
    r"\b(dont|do not|never|nicht|niet|nie|ne|pas|no|non)( \w+)? (stop|stopp|stoppen|aufhoren)\b"
)
EMAILS = r"(e ?)?mail(s|ing\w*|ed)?"
#: Each is a pattern on bare words, without accents.
MAY_STOP = (
    # English
    r"unsubscri\w+|opt(ed|ing)? (me )?out|mailing lists?|gdpr|spam\w*|leave (me|us) alone",
    r"(take|get|remove|delete|drop|strike) (me|us|my|our)\b",
    r"stop|cease|quit (emailing|mailing|writing|sending|contacting)|not interested|no interest",
    rf"no (more|further) (of )?(these |your |those )?({EMAILS}|messages?|newsletters?|contact)",
    rf"(do not|dont|never|no longer|didnt|did not)( \w+){{0,4}} ({EMAILS}|contact\w*|message\w*"
    r"|bother|write|newsletters?|subscri\w+|sign(ed)? up|hear from|receive|spam)",
    r"(how|where) did you (get|find|obtain) (my|our)|cancel (my|the|this|our) subscription",
    # German
    r"abmeld\w*|abgemeldet|abbestell\w*|abzubestellen|austragen|auszutragen|widerspr\w+|dsgvo"
    r"|datenschutz(beschwerde|verstoss)|belastig\w*|in ruhe|werbung|abo kundigen",
    r"(trag\w*|nehm\w*|nimm|streich\w*|loe?sch\w*|entfern\w*|meld\w*|lass\w*)( \w+){0,2}"
    r" (mich|uns|meine\w*|unsere\w*)\b",
    rf"kein\w*( \w+){{0,3}} ({EMAILS}|newsletter\w*|nachricht\w*|zusendung\w*|interesse"
    r"|kontakt\w*)",
    r"nicht (mehr|weiter|langer)( \w+){0,4} (anschreib\w*|kontakt\w*|schreib\w*|schick\w*|send\w*"
    r"|zu?send\w*|erhalten|bekommen|mail\w*)",
    rf"(will|mochte)( \w+){{0,3}} nicht( \w+){{0,3}} ({EMAILS}|newsletter\w*|erhalten|bekommen)",
    r"hor\w*( \w+){0,2} auf|woher haben sie",
    # French
    r"desinscri\w*|desabonn\w*|pas interessee?s?|arrete\w*|cessez|rgpd|laissez moi",
    rf"(plus|pas|aucun)( \w+){{0,4}} ({EMAILS}|courriels?|recevoir|contacter|ecrire|envoyer"
    r"|solliciter|newsletters?)",
    r"(retir\w*|supprim\w*|enlev\w*|effac\w*) (moi|mes|mon|nous|notre|nos)\b",
    # Dutch
    r"(af|uit)(meld\w*|schrijv\w*|gemeld|geschreven)|verwijder\w*|met rust|avg",
    r"(schrijf|meld|haal)( \w+)? (me|mij|ons)\b",
    rf"geen( \w+){{0,2}} ({EMAILS}|berichten|nieuwsbrie\w*|interesse|contact|reclame)",
    rf"niet (meer|langer)( \w+){{0,4}} ({EMAILS}|mailen|contact\w*|benader\w*|schrijven|sturen"
    r"|ontvangen)",
    # Polish
    r"wypisz\w*|wypisac|wypisuje|rezygn\w*|usun\w*|skresl\w*|rodo|przestan\w*|prosze przestac",
    r"nie( \w+){0,3} (wysyla\w*|przysyla\w*|pisz\w*|pisac|zycze|chce|kontakt\w*|zainteresowan\w*"
    r"|otrzymyw\w*)",
    # Spanish
    r"(dar\w*|quiero|deme|denme|solicito)( \w+){0,2} baja|desuscri\w*|cancelar|rgpd",
    rf"no( \w+){{0,4}} ({EMAILS}|correos?|mensajes?|publicidad|interesad\w*|interesa|escriba\w*"
    r"|envi\w+|contact\w+|recibir)",
    r"(elimin\w*|borr\w*|quit\w*)( \w+)? (mi|mis|me|nuestr\w*)\b|(elimin|borr|quit)[ae]n?me",
    # Italian
    r"disiscri\w*|cancell\w+|rimuov\w*|togli\w*|smett\w*|basta",
    rf"non( \w+){{0,4}} ({EMAILS}|inviar\w*|scriver\w*|contattar\w*|interess\w*|mandar\w*"
    r"|ricever\w*)",
)
MAY_ASK = re.compile(rf"\b(?:{'|'.join(MAY_STOP)})\b")


def wish_of(written: Written, subject: str) -> Wish:
    """Return what an answer asks for. subject: as it came, where it may be all that was written."""
    first = bare_words(written.first_line)
    said = bare_words(bare_subject(subject))
    if first in STOP_LINES or (not first and said in STOP_LINES):
        return Wish.STOP
    asked = GO_ON.sub(" ", bare_words(written.text))
    return Wish.MAY_STOP if said in STOP_LINES or MAY_ASK.search(asked) else Wish.NONE
