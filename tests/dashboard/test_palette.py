"""The colours of states are the same everywhere and told apart by colour-blind eyes."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import dashboard
from dashboard.figures import STATUSES, VERDICTS

CSS = Path(dashboard.__file__).parent / "assets" / "style.css"
Rgb = tuple[float, float, float]

SIGHTS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""Simulation matrices for linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.0."""


def linear(colour: str) -> Rgb:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return r, g, b


def seen(colour: str, sight: str) -> Rgb:
    """Lab of a colour as that sight has it."""
    rgb = linear(colour)
    r, g, b = (min(1.0, max(0.0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in SIGHTS[sight])
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    fx, fy, fz = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in xyz)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_verdicts_that_ask_for_a_different_reaction_look_alike(sight: str) -> None:
    told_apart = ["breached", "at_risk", "unknown", "pending", "met"]
    for one, other in itertools.combinations(told_apart, 2):
        pair = zip(seen(VERDICTS[one].colour, sight), seen(VERDICTS[other].colour, sight), strict=True)
        distance = sum((a - b) ** 2 for a, b in pair) ** 0.5
        assert distance > 12, f"{one} and {other} are {distance:.0f} apart to {sight}"


def luminance(colour: str) -> float:
    return sum(part * share for part, share in zip(linear(colour), (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read_on_every_surface(theme: str) -> None:
    """As WCAG 2 AA has it: 4.5 : 1."""
    pairs = re.findall(r"--([a-z_-]+): light-dark\((#\w{6}), (#\w{6})\);", CSS.read_text())
    colours = {name: light if theme == "light" else dark for name, light, dark in pairs}
    texts = {name for name in colours if name in ("text", "muted", "faint", "accent") or name.endswith("-text")}
    assert len(texts) == 11
    for text, surface in itertools.product(texts, ("ground", "surface", "raised", "sunken")):
        darker, lighter = sorted((luminance(colours[text]), luminance(colours[surface])))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, f"{text} on {surface}"


def test_every_state_has_a_shape_of_its_own() -> None:
    assert len({mark.symbol for mark in VERDICTS.values()}) == len(VERDICTS)
    assert len({mark.word for mark in VERDICTS.values()}) == len(VERDICTS)


def test_style_sheet_and_charts_use_the_same_colours_and_each_state_has_an_icon() -> None:
    css = CSS.read_text()
    for state, mark in VERDICTS.items():
        assert re.search(rf"--{state}: {mark.colour};", css), state
    for state in {*VERDICTS, *STATUSES}:
        assert f".is-{state}" in css, state
    for icon in re.findall(r'url\("(icons/[^"]+)"\)', css):
        assert (CSS.parent / icon).is_file(), icon


def test_no_asset_asks_another_host() -> None:
    for asset in CSS.parent.rglob("*.*"):
        text = asset.read_text()
        hosts = set(re.findall(r"https?://([^/'\"\s]+)", text)) - {"www.w3.org"}
        assert not hosts, asset.name
