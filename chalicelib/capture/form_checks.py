"""What is wrong with a form, besides its format."""

from collections.abc import Iterator

from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.naming import KNOWN, RESERVED
from chalicelib.capture.origins import is_web_address, web_origin
from chalicelib.errors import FieldError

NO_ADDRESS = "must be a web address that begins with https://, in ASCII and without blanks"
NO_SITE = "must be a site such as https://www.acme.example, without a path"


def form_mistakes(form: FormDocument) -> Iterator[FieldError]:
    """Yield what would refuse every submission of a form, or lead its senders nowhere."""
    addresses = {"thank_you_url": form.thank_you_url}
    addresses |= {f"allowed_redirects.{n}": page for n, page in enumerate(form.allowed_redirects)}
    if form.asset is not None and form.asset.url:
        addresses["asset.url"] = form.asset.url
    if form.event is not None and form.event.url:
        addresses["event.url"] = form.event.url
    for path, address in addresses.items():
        if address is not None and not is_web_address(address):
            yield FieldError(path, NO_ADDRESS)
    for place, site in enumerate(form.allowed_origins):
        if web_origin(site) is None or site.count("/") > 2:
            yield FieldError(f"allowed_origins.{place}", NO_SITE)
    yield from _name_mistakes(form)


def _name_mistakes(form: FormDocument) -> Iterator[FieldError]:
    taken: dict[str, str] = {}
    for name, own in form.fields.items():
        if name in KNOWN or name in RESERVED:
            yield FieldError(f"fields.{name}", "is a name that Baton uses; choose another one")
        for place, alias in enumerate(own.aliases):
            if taken.setdefault(alias.strip().lower(), name) != name:
                words = f"is an alias of {taken[alias.strip().lower()]}, too; take one of them out"
                yield FieldError(f"fields.{name}.aliases.{place}", words)
    if form.honeypot is not None and form.name_of(form.honeypot) in {*KNOWN, *form.fields}:
        yield FieldError("honeypot", "is a field that people fill in; choose another name")
    if form.honeypot is not None and form.honeypot in form.required:
        yield FieldError("required", "people leave the honeypot empty; take it out")
