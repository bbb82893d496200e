"""Which kinds of jobs there are. Each room brings the handler of its own; one line adds a kind."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.jobs.ports import JobHandler

if TYPE_CHECKING:
    from chalicelib.commands.rebuild import RebuildHandler
    from chalicelib.handoff.releasing import HandoffReleaseHandler
    from chalicelib.nurture.mailings.counting import CountingHandler
    from chalicelib.nurture.mailings.planning import PlanningHandler
    from chalicelib.nurture.taking_in import TakeInHandler
    from chalicelib.privacy.erasure import ErasureHandler
    from chalicelib.publishing.counting import ChangeCounter
    from chalicelib.publishing.publish_job import PublishHandler
    from chalicelib.publishing.release_job import ReleaseHandler
    from chalicelib.publishing.simulate_job import SimulateHandler
    from chalicelib.store.publishing import PublishJobs
    from chalicelib.wiring.world import World


def publish_store(world: "World") -> "PublishJobs":
    """Return the store of simulations and publishes."""
    from chalicelib.store.publishing import PublishJobs

    return PublishJobs(table=world.ports.table, jobs=world.job_store, models=world.models)


def change_counter(world: "World") -> "ChangeCounter":
    """Return what counts what a draft would change."""
    from chalicelib.handoff.routing import weekly_capacity
    from chalicelib.nurture.forecast import Forecast
    from chalicelib.publishing.counting import ChangeCounter
    from chalicelib.store.keys import LEAD_SHARDS

    return ChangeCounter(
        leads=world.leads,
        models=world.models,
        recounter=world.qualify.derive,
        forecast=Forecast(
            sequences=lambda: world.documents.all("sequence"),
            sendable=world.outbox.sendable,
            rests_on=world.rests_on,
            enrolled=world.enrolments.first_ones,
            enrolments=world.enrolments.of_lead,
        ),
        capacity=lambda: weekly_capacity(world.documents.get("routing")),
        shards=LEAD_SHARDS,
        runtime=world.runtime,
    )


def _simulate(world: "World") -> "SimulateHandler":
    from chalicelib.publishing.simulate_job import SimulateHandler

    return SimulateHandler(store=publish_store(world), counter=change_counter(world))


def _publish(world: "World") -> "PublishHandler":
    from chalicelib.publishing.publish_job import PublishHandler
    from chalicelib.publishing.sweep import Sweep
    from chalicelib.store.keys import LEAD_SHARDS

    store = publish_store(world)
    sweep = Sweep(leads=world.leads, store=store, mover=world.qualify, shards=LEAD_SHARDS)
    return PublishHandler(
        store=store,
        models=world.models,
        counter=change_counter(world),
        sweep=sweep,
        runtime=world.runtime,
    )


def _release(world: "World") -> "ReleaseHandler":
    from chalicelib.publishing.release_job import ReleaseHandler

    return ReleaseHandler(leads=world.leads, outbox=world.outbox, runtime=world.runtime)


def _rebuild(world: "World") -> "RebuildHandler":
    from chalicelib.commands.rebuild import RebuildHandler
    from chalicelib.store.keys import LEAD_SHARDS

    return RebuildHandler(
        leads=world.leads, rebuilder=world.corrections, shards=LEAD_SHARDS, runtime=world.runtime
    )


def _take_in(world: "World") -> "TakeInHandler":
    from chalicelib.nurture.taking_in import TakeInHandler
    from chalicelib.store.keys import LEAD_SHARDS

    return TakeInHandler(
        leads=world.leads,
        read=world.leads.read,
        fits=world.fits,
        enter=world.by_hand.start,
        shards=LEAD_SHARDS,
        runtime=world.runtime,
    )


def _erase(world: "World") -> "ErasureHandler":
    from chalicelib.privacy.erasure import ErasureHandler

    return ErasureHandler(store=world.privacy.store, runtime=world.runtime)


def _count_mailing(world: "World") -> "CountingHandler":
    from chalicelib.nurture.mailings.counting import CountingHandler
    from chalicelib.store.keys import LEAD_SHARDS

    return CountingHandler(
        leads=world.leads,
        read=world.leads.read,
        store=world.mailing_items,
        on_list=world.list_filter,
        why_not=world.why_not,
        shards=LEAD_SHARDS,
        runtime=world.runtime,
    )


def _send_mailing(world: "World") -> "PlanningHandler":
    from chalicelib.nurture.mailings.planning import PlanningHandler

    return PlanningHandler(
        read=world.leads.read,
        store=world.mailing_items,
        plan=world.outbox.plan,
        runtime=world.runtime,
    )


def _release_handoffs(world: "World") -> "HandoffReleaseHandler":
    from chalicelib.handoff.releasing import HandoffReleaseHandler
    from chalicelib.wiring.held_handoffs import releasing

    return HandoffReleaseHandler(
        releasing=releasing(world), handoffs=world.handoffs, runtime=world.runtime
    )


JOB_HANDLERS: Mapping[str, Callable[["World"], JobHandler[Any]]] = {
    "simulate": _simulate,
    "publish": _publish,
    "release": _release,
    "release_handoffs": _release_handoffs,
    "rebuild": _rebuild,
    "erase": _erase,
    "take_in": _take_in,
    "mailing_count": _count_mailing,
    "mailing": _send_mailing,
}
