"""What a lead is interested in: the topic of what it did most."""

from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score


def interest(model: Model, score: Score) -> str | None:
    """Return the topic whose signals weigh most in the score today, or None.

    Of topics that weigh the same, the one that sorts first.
    """
    weights: dict[str, int] = {}
    signals = {rule.id: rule.signal for rule in model.behaviour_rules}
    for reason in score.every_reason:
        topic = signals[reason.rule].topic if reason.rule in signals else None
        if topic and reason.milli > 0:
            weights[topic] = weights.get(topic, 0) + reason.milli
    return min(weights, key=lambda topic: (-weights[topic], topic)) if weights else None
