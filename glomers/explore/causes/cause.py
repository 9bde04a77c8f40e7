"""What a cause is, and what causes of several kinds have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from glomers.explore.story import Again, Message, Story, shown
from glomers.formats.edn import Keyword, Tagged, dumps, kw
from glomers.reading.wording import at

_QUOTE_CHARACTERS = 240


@dataclass(frozen=True)
class Explanation:
    """A sentence, and the ids of the messages that decided.

    `key` is what the sentence is about where there are several keys, and `answer` the id of the
    answer that breaks the promise, where that is not the last of the messages.
    """

    sentence: str
    decisive: list[int] = field(default_factory=list)
    key: Any = None
    answer: int | None = None


def explained(
    sentence: str, decisive: Iterable[int], key: Any = None, answer: int | None = None
) -> Explanation:
    """An explanation by messages in any order."""
    return Explanation(sentence, sorted(set(decisive)), key, answer)


Case = dict[Keyword, Any]


def first_case(story: Story, anomaly: str) -> Any:
    """The first case of an anomaly, as the workload's checker shows it."""
    by_anomaly = story.workload.get(kw("anomalies")) or {}
    cases = by_anomaly.get(kw(anomaly)) or story.workload.get(kw(anomaly))
    if isinstance(cases, dict) and cases.get(kw("errs")):
        cases = cases[kw("errs")]
    return cases[0] if isinstance(cases, list | tuple) and cases else cases


def records_in(case: Any) -> Iterator[Tagged]:
    """The records of operations in a case."""
    if isinstance(case, Tagged):
        yield case
    elif isinstance(case, dict | list | tuple):
        for part in case.values() if isinstance(case, dict) else case:
            yield from records_in(part)


def quoted(story: Story, anomaly: str) -> Explanation:
    """What the checker says, and the messages of the operations that it names."""
    case = first_case(story, anomaly)
    words = case.get(kw("words")) if isinstance(case, dict) else None
    text = words if isinstance(words, str) else dumps(words or case) if case else ""
    if len(text) > _QUOTE_CHARACTERS:
        text = text[: _QUOTE_CHARACTERS - 1] + "…"
    named = [story.of_record(record) for record in records_in(case)]
    end = f": {text}" if text else ""
    return explained(f"The run shows {anomaly}{end}.", story.exchange(*named))


def fate(
    story: Story, begin: str, value: Any, knows: str, lacks: str, since_ns: int, key: Any = None
) -> tuple[str, list[int]]:
    """How `value` (of `key`) went from one node to another, or did not; and the messages with it.

    `begin` is how the sentence begins: that `knows` has had the value from `since_ns` on.
    """
    if knows == lacks:
        forgot = story.killed_since(knows, since_ns)
        end = "was killed and forgot it" if forgot else "yet a later read does not show it"
        return f"{begin}, {end}.", []
    learned = story.learned(value, knows, since_ns, key)
    if lacks in learned.when_ns:
        when_ns, path = learned.when_ns[lacks], learned.path[lacks]
        forgot = story.killed_since(lacks, when_ns)
        end = "was then killed and forgot it" if forgot else "yet its last read lacks it"
        answer = story.answer(path[-1])
        if answer and answer.kind == "error":
            why = shown(answer.body.get("text"))
            end = f"answered with the error {why}, and its last read lacks it"
            path = [*path, answer]
        return f"{begin}, {lacks} was told {at(when_ns)}, {end}.", [m.id for m in path]
    lost = story.lost_on_the_way(value, learned, key)
    lost = [m for m in lost if m.dest == lacks] or lost
    if lost:
        return f"{begin}, {_in_vain(story, knows, lacks, lost)}.", [m.id for m in lost]
    if story.killed_since(knows, since_ns):
        return f"{begin}, and was killed before anybody told {lacks}.", []
    text = f"{begin}, and nobody ever sent it to {lacks}"
    waiting = story.unanswered(value, learned, key)
    if waiting:
        text += f": {waiting.dest} never answered {waiting.src}'s {waiting.kind!r}"
    return f"{text}.", [waiting.id] if waiting else []


def _in_vain(story: Story, knows: str, lacks: str, lost: list[Message]) -> str:
    """What became of messages that would have told `lacks`, or somebody before it."""
    first = lost[0]
    why = story.reason(first)
    if first.src != knows:
        why = f"{first.src} was told and {why}" if why.startswith("was") else f"{first.src}: {why}"
    count = len(lost)
    end = "never sent it again" if count == 1 else f"sent it {count} times, all in vain"
    if first.dest != lacks:
        end += f", so that nobody told {lacks}"
    return f"{why}, and {end}"


def told_again(story: Story, again: Again) -> str:
    """Why a message was delivered twice, as the end of a sentence."""
    first, second, answer = again.first, again.second, again.answer
    src, dest = first.src, first.dest
    early_ns, late_ns = sorted((first.arrived_ns or 0, second.arrived_ns or 0))
    text = f"{src}'s {first.kind!r} reached {dest} {at(early_ns)} and again {at(late_ns)}, since "
    if first.sent_ns == second.sent_ns:
        return text + "the network delivered it twice"
    if answer is None:
        return text + f"{dest} did not answer the first"
    if answer.lost:
        return text + f"{dest}'s answer to the first was lost"
    if (first.arrived_ns or 0) > second.sent_ns:
        return text + f"the first was so long under way that {src} sent it again"
    return text + f"{dest}'s answer to the first came too late"
