"""The attackers of an attribute, by name."""

from typing import Literal, get_args

Attacker = Literal["baseline", "ideal", "fredrikson14", "whitebox", "whitebox-prior"]
ATTACKERS: tuple[str, ...] = get_args(Attacker)
WHITE_BOX: tuple[str, ...] = ("whitebox-prior", "whitebox")
"""Those who see the parameters."""
