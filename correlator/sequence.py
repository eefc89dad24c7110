"""What a workflow expects of the order and number of its milestones, as the numbers that the tick compares with.

Milestones that are not `optional` and are of the kind milestone or step are expected in the order of their
declaration, unless the workflow says `expected_order: any`; those of one `parallel` group share a step. A cancelling or
failing end is never expected.
"""

from __future__ import annotations

from dataclasses import dataclass

from model import Milestone, Outcome, Workflow

_EXPECTED_KINDS = ("milestone", "step")


@dataclass(frozen=True, slots=True)
class Sequence:
    """By place: `steps` (from 1, 0: none is expected), `once` and `retry` (1 or 0); `required` holds places from 1."""

    steps: list[int]
    once: list[int]
    retry: list[int]
    required: list[int]


def sequence(workflow: Workflow) -> Sequence:
    """The numbers of a workflow."""
    steps: list[int] = []
    groups: dict[str, int] = {}
    last = 0
    for each in workflow.milestones:
        step = 0
        if workflow.in_order and _is_expected(each):
            step = groups.get(each.parallel or "", 0) or last + 1
            last = max(last, step)
            if each.parallel is not None:
                groups[each.parallel] = step
        steps.append(step)
    return Sequence(
        steps=steps,
        once=[int(_comes_once(each)) for each in workflow.milestones],
        retry=[int(each.kind == "retry") for each in workflow.milestones],
        required=[place for place, step in enumerate(steps, 1) if step],
    )


def _is_expected(milestone: Milestone) -> bool:
    is_end = milestone.ends in {Outcome.CANCELLED, Outcome.FAILED}
    return milestone.kind in _EXPECTED_KINDS and not milestone.optional and not is_end


def _comes_once(milestone: Milestone) -> bool:
    """A second time is `repeated`; of a unique milestone it is a `duplicate_effect` instead."""
    return milestone.kind in _EXPECTED_KINDS and not milestone.repeatable and not milestone.unique
