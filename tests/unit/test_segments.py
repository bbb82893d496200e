"""What a text message costs, by the alphabets of the GSM."""

import pytest

from chalicelib.delivery.segments import count_segments, fit_text

SMILE = "\N{SLIGHTLY SMILING FACE}"


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("ä@Ω\n" * 40, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" + "€" * 152, 2),
        ("a" * 152 + "€" * 77, 3),  # an escape is not divided from its character
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        (SMILE * 35, 1),
        (SMILE * 36, 2),
        ("ж" + SMILE * 66, 2),
        (SMILE * 67, 3),  # 33 in each: a pair of code units is not divided
        ("a" * 70 + "`", 2),  # not in the alphabet, so the whole text is UCS-2
    ],
)
def test_segments_are_those_of_the_standard(text: str, segments: int) -> None:
    assert count_segments(text) == segments


@pytest.mark.parametrize("sign", ["a", "€", "ж", SMILE])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_text_is_cut_at_its_head_to_what_fits(sign: str, most: int) -> None:
    tail = ". Reach: +4930901820"
    text = fit_text(sign * 600, tail, most)
    assert text.endswith(tail)
    assert count_segments(text) == most
    assert count_segments(sign + text) > most


def test_a_tail_that_does_not_fit_is_cut_too() -> None:
    assert count_segments(fit_text("head", "ж" * 500, 2)) == 2
