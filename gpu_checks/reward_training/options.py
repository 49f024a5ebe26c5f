"""What a reward model is trained on, and how."""

from __future__ import annotations

from dataclasses import dataclass

from verify.errors import InputError

MODES = ("head", "lora", "full")
#: The highest rate of learning of AdamW, unless one is given: usual ones for each mode.
RATES = {"lora": 1e-3, "full": 5e-5}
#: What products may be taken in while weights train. In float16 small gradients would be 0.
TRAINING_DTYPES = ("float32", "bfloat16")


@dataclass(frozen=True)
class Options:
    """What a reward model is trained on, and how.

    Parameters
    ----------
    trunk : str
        The model below the head: ``minilm``, ``smollm2``, a folder, or an id on the hub.
    mode : str
        What is fitted: the ``head`` on a trunk that stays as it is, ``lora`` (head and low-rank
        updates of the trunk's linear layers), or ``full`` (all weights).
    pooling : str, optional
        Which hidden states the head reads: ``mean``, ``last`` or ``first``. By default the mean
        where the trunk reads in both directions, the last where it is causal.
    held_out, validation : float
        Shares, as of :func:`~gpu_checks.preferences.split`.
    part : (int, int)
        ``(k, m)``: the k-th of m parts, as there.
    seed : int
        Of the division, and of the first training.
    repeats : int
        Trainings, with seeds ``seed``, ``seed + 1``, ...; the one that validates best is kept.
    epochs, batch : int
        As of :class:`~gpu_checks.reward_training.gradient.Settings`; of no use to a head alone.
    rate : float, optional
        Of learning; :data:`RATES` by default.
    rank : int
        Of the updates.
    longest : int
        Tokens of a text; longer ones lose their beginning.
    device, dtype : str, optional
        Where to compute; and the format of products, while weights that train stay in float32.
    """

    trunk: str
    mode: str = "head"
    pooling: str | None = None
    held_out: float = 0.2
    validation: float = 0.1
    part: tuple[int, int] = (1, 1)
    seed: int = 0
    repeats: int = 1
    epochs: int = 3
    rate: float | None = None
    batch: int = 16
    rank: int = 8
    longest: int = 256
    device: str | None = None
    dtype: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before a model is loaded."""
        if self.mode not in MODES:
            raise InputError(f"mode: expected {', '.join(MODES)}; got {self.mode!r:.40}")
        if not 0 < self.held_out < 1:
            raise InputError(
                f"share held out: expected a number between 0 and 1, got {self.held_out:g}; "
                "without pairs held out nobody knows how good the reward is"
            )
        if not 0 < self.validation < 1:
            raise InputError(
                f"share of validation: expected a number between 0 and 1, got {self.validation:g}"
            )
        for name in ("repeats", "epochs", "batch", "rank", "longest"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected a number from 1 on, got {getattr(self, name)}")
        if self.seed < 0:
            raise InputError(f"seed: expected a number from 0 on, got {self.seed}")
        if self.rate is not None and not 0 < self.rate < 1:
            raise InputError(
                f"rate of learning: expected a number between 0 and 1, got {self.rate:g}"
            )
        if self.mode != "head" and self.dtype not in {None, *TRAINING_DTYPES}:
            raise InputError(
                f"dtype: {self.mode} trains in {' or '.join(TRAINING_DTYPES)}, got {self.dtype}"
            )
