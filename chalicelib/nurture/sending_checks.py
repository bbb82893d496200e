"""What is wrong with when emails leave, besides the format."""

from collections.abc import Iterator

from chalicelib.company import SettingsDocument
from chalicelib.errors import FieldError
from chalicelib.public_holidays import is_region


def sending_mistakes(settings: SettingsDocument) -> Iterator[FieldError]:
    """Yield each region of which no public holidays are known."""
    for position, region in enumerate(settings.sending.holidays or ()):
        if not is_region(region):
            words = (
                f"no public holidays are known of {region}; give a country such as DE, or one of"
                " its regions such as DE-BY"
            )
            yield FieldError(f"sending.holidays.{position}", words)
