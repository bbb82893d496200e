"""Read countries, by code or by name in the common languages, to ISO 3166-1 alpha-2 codes."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import read_line

#: ISO 3166-1: alpha-2 and alpha-3 of each country.
ISO_CODES: Final = """
AD-AND AE-ARE AF-AFG AG-ATG AI-AIA AL-ALB AM-ARM AO-AGO AQ-ATA AR-ARG AS-ASM AT-AUT AU-AUS AW-ABW
AX-ALA AZ-AZE BA-BIH BB-BRB BD-BGD BE-BEL BF-BFA BG-BGR BH-BHR BI-BDI BJ-BEN BL-BLM BM-BMU BN-BRN
BO-BOL BQ-BES BR-BRA BS-BHS BT-BTN BV-BVT BW-BWA BY-BLR BZ-BLZ CA-CAN CC-CCK CD-COD CF-CAF CG-COG
CH-CHE CI-CIV CK-COK CL-CHL CM-CMR CN-CHN CO-COL CR-CRI CU-CUB CV-CPV CW-CUW CX-CXR CY-CYP CZ-CZE
DE-DEU DJ-DJI DK-DNK DM-DMA DO-DOM DZ-DZA EC-ECU EE-EST EG-EGY EH-ESH ER-ERI ES-ESP ET-ETH FI-FIN
FJ-FJI FK-FLK FM-FSM FO-FRO FR-FRA GA-GAB GB-GBR GD-GRD GE-GEO GF-GUF GG-GGY GH-GHA GI-GIB GL-GRL
GM-GMB GN-GIN GP-GLP GQ-GNQ GR-GRC GS-SGS GT-GTM GU-GUM GW-GNB GY-GUY HK-HKG HM-HMD HN-HND HR-HRV
HT-HTI HU-HUN ID-IDN IE-IRL IL-ISR IM-IMN IN-IND IO-IOT IQ-IRQ IR-IRN IS-ISL IT-ITA JE-JEY JM-JAM
JO-JOR JP-JPN KE-KEN KG-KGZ KH-KHM KI-KIR KM-COM KN-KNA KP-PRK KR-KOR KW-KWT KY-CYM KZ-KAZ LA-LAO
LB-LBN LC-LCA LI-LIE LK-LKA LR-LBR LS-LSO LT-LTU LU-LUX LV-LVA LY-LBY MA-MAR MC-MCO MD-MDA ME-MNE
MF-MAF MG-MDG MH-MHL MK-MKD ML-MLI MM-MMR MN-MNG MO-MAC MP-MNP MQ-MTQ MR-MRT MS-MSR MT-MLT MU-MUS
MV-MDV MW-MWI MX-MEX MY-MYS MZ-MOZ NA-NAM NC-NCL NE-NER NF-NFK NG-NGA NI-NIC NL-NLD NO-NOR NP-NPL
NR-NRU NU-NIU NZ-NZL OM-OMN PA-PAN PE-PER PF-PYF PG-PNG PH-PHL PK-PAK PL-POL PM-SPM PN-PCN PR-PRI
PS-PSE PT-PRT PW-PLW PY-PRY QA-QAT RE-REU RO-ROU RS-SRB RU-RUS RW-RWA SA-SAU SB-SLB SC-SYC SD-SDN
SE-SWE SG-SGP SH-SHN SI-SVN SJ-SJM SK-SVK SL-SLE SM-SMR SN-SEN SO-SOM SR-SUR SS-SSD ST-STP SV-SLV
SX-SXM SY-SYR SZ-SWZ TC-TCA TD-TCD TF-ATF TG-TGO TH-THA TJ-TJK TK-TKL TL-TLS TM-TKM TN-TUN TO-TON
TR-TUR TT-TTO TV-TUV TW-TWN TZ-TZA UA-UKR UG-UGA UM-UMI US-USA UY-URY UZ-UZB VA-VAT VC-VCT VE-VEN
VG-VGB VI-VIR VN-VNM VU-VUT WF-WLF WS-WSM YE-YEM YT-MYT ZA-ZAF ZM-ZMB ZW-ZWE
"""
ALPHA_3: Mapping[str, str] = {pair[3:]: pair[:2] for pair in ISO_CODES.split()}
ALPHA_2 = frozenset(ALPHA_3.values())
#: What people write besides the names: short forms, and parts of countries.
NICKNAMES: Mapping[str, str] = {
    "uk": "GB", "greatbritain": "GB", "britain": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "northernireland": "GB", "grossbritannien": "GB", "schottland": "GB",
    "america": "US", "amerika": "US", "unitedstatesofamerica": "US", "holland": "NL", "brd": "DE",
    "bundesrepublikdeutschland": "DE", "republicofireland": "IE", "czechia": "CZ", "cesko": "CZ",
    "tschechei": "CZ", "tschechien": "CZ", "slovakrepublic": "SK", "russianfederation": "RU",
    "republicofkorea": "KR", "prc": "CN", "peoplesrepublicofchina": "CN", "mainlandchina": "CN",
    "uae": "AE", "emirates": "AE", "vae": "AE", "ivorycoast": "CI", "northmacedonia": "MK",
    "burma": "MM", "hongkongsar": "HK", "vaticancity": "VA", "bosnia": "BA", "el": "GR",
    "hellas": "GR", "slovensko": "SK", "srbija": "RS", "letzebuerg": "LU", "crnagora": "ME",
    "drc": "CD", "drcongo": "CD", "trinidad": "TT", "ksa": "SA", "roc": "TW", "aotearoa": "NZ",
    "vereinigtestaaten": "US", "eeuu": "US", "eua": "US", "holysee": "VA",
    "unitedkingdomofgreatbritainandnorthernireland": "GB", "bolivarianrepublicofvenezuela": "VE",
    "democraticrepublicofcongo": "CD",
    "congothedemocraticrepublicofthe": "CD", "congodemocraticrepublicofthe": "CD",
    "koreademocraticpeoplesrepublicof": "KP", "democraticpeoplesrepublicofkorea": "KP",
    "laopeoplesdemocraticrepublic": "LA", "syrianarabrepublic": "SY", "bruneidarussalam": "BN",
    "libyanarabjamahiriya": "LY", "unitedrepublicoftanzania": "TZ", "republicofmoldova": "MD",
    "taiwanprovinceofchina": "TW", "palestinestateof": "PS", "eswatini": "SZ",
}  # fmt: skip
#: Names that the tz database writes for those who look them up.
SPOKEN: Mapping[str, str] = {
    "GB": "United Kingdom", "KR": "South Korea", "KP": "North Korea", "CD": "DR Congo",
    "CG": "Republic of the Congo", "MM": "Myanmar", "WS": "Samoa", "AS": "American Samoa",
}  # fmt: skip
#: `Korea, Republic of`, as lists of ISO 3166 have it.
TURNED = re.compile(r"[,(](?:\s*the|[\w. ]*\bof(?: the)?)\)?$", re.IGNORECASE)
#: What parts a country's name from its code, or from its name in another language.
PARTED = re.compile(r"\s+[-–—/|:]\s+|\s*/\s*")
#: A flag is its country's code, in characters of its own.
FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
FLAG_CHARACTERS = {0x1F1E6 + place: chr(ord("a") + place) for place in range(26)}
IN_BRACKETS = re.compile(r"\s*[(\[].*?[)\]]\s*")


def read_country(value: Any) -> Cleaned[str]:
    """Return the ISO code of a country, `DE`, or the text of what is none.

    It is read from its alpha-2 and alpha-3 codes and from its names in the common languages,
    whatever their case, accents and marks.
    """
    text = read_line(value)
    said = text.value
    if not said or said in ALPHA_2:
        return text
    code = _code_of(said) or _code_of(IN_BRACKETS.sub("", said)) or _code_within(said)
    if code is None:
        return Cleaned(said, tuple(dict.fromkeys((*text.repairs, Repair.KEPT_AS_TEXT))))
    return Cleaned(code, (*text.repairs, Repair.READ_AS))


def folded(text: str) -> str:
    """Return the letters and digits of a text in lower case, without accents: `Österreich` is
    `osterreich`.
    """
    parts = normalize("NFKD", text).casefold()
    return "".join(one for one in parts if one.isalnum())


def _code_within(said: str) -> str | None:
    """Return the code that all parts of a text agree on: `DE - Germany`, `🇩🇪 Deutschland`."""
    flags = [flag.translate(FLAG_CHARACTERS) for flag in FLAG.findall(said)]
    words = FLAG.sub("", said).strip()
    parts = [*flags, *(PARTED.split(TURNED.sub("", words)) if words else ())]
    codes = {_code_of(part) for part in parts}
    return codes.pop() if len(codes) == 1 else None


def _code_of(said: str) -> str | None:
    plain = folded(said)
    upper = plain.upper()
    if found := NICKNAMES.get(plain) or ALPHA_3.get(upper):
        return found
    if upper in ALPHA_2:
        return upper
    names = _names()
    return names.get(plain) or names.get(plain.removeprefix("the"))


@cache
def _names() -> Mapping[str, str]:
    """Return the countries' names, without accents -> their codes.

    `python -m tools.country_names` writes the file.
    """
    found = Path(__file__).with_name("country_names.json").read_text(encoding="utf-8")
    listed: dict[str, list[str]] = json.loads(found)
    return {name: code for code, names in listed.items() for name in names}


def country_name(code: str) -> str:
    """Return the English name of a country, `Germany` for `DE`; what is not a code as it is."""
    return _english_names().get(code, code)


@cache
def _english_names() -> Mapping[str, str]:
    from importlib.resources import files  # only a notice asks

    # The tz database lists them, and a deployment has it anyway.
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    lines = (line for line in table.splitlines() if line and not line.startswith("#"))
    names = dict(line.split("\t") for line in lines)
    return {**names, **SPOKEN}
