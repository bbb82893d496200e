"""Write the names of countries that `inputs.countries` reads, from the data of phonenumbers.

    python -m tools.country_names

phonenumbers has them in Java's languages. Its module is 600 KB and brings 20 MB of others with it,
so the names alone are kept, as the letters that they are compared by.
"""

import importlib.util
import json
from collections import defaultdict
from pathlib import Path

import phonenumbers

from chalicelib.inputs.countries import ALPHA_2, folded
from infra.paths import ROOT

NAMES = ROOT / "chalicelib" / "inputs" / "country_names.json"
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
SAME = "*"  # what the name in a language begins with that is that of another one


def country_names() -> dict[str, list[str]]:
    """Return the names of each country, by its ISO code, as they are compared."""
    # By its path, because its package imports all that it holds.
    path = Path(phonenumbers.__file__).with_name("geodata") / "locale.py"
    spec = importlib.util.spec_from_file_location("phonenumbers.geodata.locale", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = defaultdict[str, set[str]](set)
    for code, by_language in module.LOCALE_DATA.items():
        for name in by_language.values():
            if not name.startswith(SAME) and code in ALPHA_2:
                names[code] |= {folded(name), folded(name.translate(UMLAUTS))}
    return {code: sorted(names[code]) for code in sorted(names)}


def text() -> str:
    """Return the file: a country a line."""
    lines = [
        f"{json.dumps(code)}: {json.dumps(names, ensure_ascii=False)}"
        for code, names in country_names().items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    NAMES.write_text(text(), encoding="utf-8")
