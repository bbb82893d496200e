"""A lead's next weeks, played through by the code that will do them (ADR 0065).

Everything runs as it will: the course, the gate, the claim and the composing, on a copy of the
table and with a clock that jumps to whatever is due of the lead next. Nothing is written or sent.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.clock.tasks import Due, QueueName
from chalicelib.delivery.messages import Email, Outgoing, SendResult, Sent
from chalicelib.store import keys
from chalicelib.store.rehearsed import RehearsedTable
from chalicelib.wiring.ports import Ports
from chalicelib.wiring.world import World

if TYPE_CHECKING:
    from chalicelib.nurture.upkeep import SendingUpkeep
    from chalicelib.store.documents import Documents
    from chalicelib.store.models import Models
    from chalicelib.store.table import Item

A_MINUTE = timedelta(minutes=1)
"""How often the clock looks."""
MOST_LOOKS = 1_500


class RehearsalPorts(Ports):
    """The outside world of a rehearsal: reads the table of a deployment, and changes nothing."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports.settings)
        self.began_at = ports.now()
        self.at = self.began_at
        self.outbox: list[Email] = []
        """What would have left since somebody last looked."""
        self.copy = RehearsedTable(ports.table)
        self.table = self.copy
        self.secret = ports.secret  # type: ignore[method-assign] # as the deployment has read it

    def now(self) -> datetime:
        """Return the time of the rehearsal."""
        return self.at

    def pause(self, attempt: int) -> None:
        """Wait for nothing: nobody else writes here."""

    @cached_property
    def send(self) -> "Callable[[Outgoing], SendResult]":
        """The function that takes what would be sent."""
        return self._take

    @cached_property
    def quota(self) -> "Callable[[], None]":
        """The function that does not ask SES: its quota is as the clock last read it."""
        return lambda: None

    def _take(self, outgoing: Outgoing) -> SendResult:
        if isinstance(outgoing, Email):
            self.outbox.append(outgoing)
        return Sent("rehearsal")


class RehearsalWorld(World):
    """Every use case on the ports of a rehearsal. ports: where it is played."""

    def __init__(self, ports: RehearsalPorts) -> None:
        super().__init__(ports)
        self._began_at = ports.began_at

    @cached_property
    def documents(self) -> "Documents":
        """The store of documents, as they are when it begins."""
        from chalicelib.store.documents import Documents

        return Documents(self.ports.table, lambda: self._began_at)

    @cached_property
    def models(self) -> "Models":
        """The versions of the scoring model, as they are when it begins."""
        from chalicelib.store.models import Models

        return Models(self.ports.table, lambda: self._began_at)

    @cached_property
    def upkeep(self) -> "SendingUpkeep":
        """Keeps true how much marketing may send; a clock that jumps is no outage."""
        from chalicelib.nurture.upkeep import SendingUpkeep

        return SendingUpkeep(
            store=self.allowances,
            quota=lambda: self.ports.quota(),
            sending=self.sending,
            is_warm=lambda: self.company().sending.warm,
            minds_outages=False,
            nurture_per_minute=self.ports.settings.nurture_per_minute,
            runtime=self.runtime,
        )

    def _link_keys(self) -> Mapping[str, str]:
        """Return a key that signs what looks like a link of ours, and leads nowhere."""
        return {"current": "rehearsal"}


class Rehearsal:
    """Plays what is due of one lead, one thing after the other."""

    def __init__(self, ports: Ports) -> None:
        self.ports = RehearsalPorts(ports)
        self.world = RehearsalWorld(self.ports)
        self._lead_id = ""
        self._due: dict[str, str] = {}
        """Sort key -> the due index's sort key, of what is due of the lead."""

    def play(self, lead_id: str) -> "Iterator[list[Item]]":
        """Do what is due of a lead, one thing after the other, each when it is due. Yield what each
        has changed of the lead, in the order in which that was written.
        """
        self._lead_id = lead_id
        self._due = dict(self._read_due())
        yield self._settled()
        for _ in range(MOST_LOOKS):
            if not self._due:
                return
            self.ports.at = max(self.ports.at, _tick(_at(min(self._due.values()))))
            self.world.upkeep.keep()
            # All that one look of the clock finds, as the queues have it: what is planned by it is
            # taken afterwards, so that emails that come due together are compared. ADR 0056
            ready = [(sk, at) for sk, at in self._due.items() if _at(at) <= self.ports.at]
            for sort_key, _ in sorted(ready, key=self._turn):
                self._do(sort_key)
            yield self._settled()

    def _turn(self, one: tuple[str, str]) -> tuple[int, str]:
        """Return what orders things that are due at once: their queues, then since when they are.

        one: the sort key, and that of the due index.
        """
        sort_key, due_sk = one
        queues = (
            task.queue_of(task.key_of(sort_key))
            for task in self.world.due_tasks
            if not task.takes_minutes and task.has(sort_key)
        )
        return list(QueueName).index(next(queues)), due_sk

    def _do(self, sort_key: str) -> None:
        for task, do in self.world.due_tasks.items():
            if not task.takes_minutes and task.has(sort_key):
                do(Due(task, self._lead_id, task.key_of(sort_key)), self.ports.at + A_MINUTE)

    def _settled(self) -> "list[Item]":
        """Let what was planned be taken at once, as the stream has it. Return what was written."""
        found: list[Item] = []
        while written := self.ports.copy.written():
            pk = keys.lead(self._lead_id)
            ours = [(item, is_new) for item, is_new in written if item["pk"] == pk]
            for item, is_new in ours:
                found.append(item)
                self._note(item)
                if is_new and str(item["sk"]).startswith(keys.OUTBOX):
                    self._do(str(item["sk"]))
        return found

    def _note(self, item: "Item") -> None:
        self._due.pop(str(item["sk"]), None)
        if "due_sk" in item:
            self._due[str(item["sk"])] = str(item["due_sk"])

    def _read_due(self) -> Iterator[tuple[str, str]]:
        for task in self.world.due_tasks:
            if task.takes_minutes:
                continue
            last = task.family + (keys.END if task.family.endswith("#") else "")
            pk = keys.lead(self._lead_id)
            for item in self.ports.table.query(pk, first=task.family, last=last):
                if "due_sk" in item:
                    yield str(item["sk"]), str(item["due_sk"])


def _at(due_sk: str) -> datetime:
    return datetime.fromisoformat(due_sk.partition("#")[0]).astimezone(UTC)


def _tick(at: datetime) -> datetime:
    """Return when the clock looks: at the next whole minute."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + A_MINUTE
