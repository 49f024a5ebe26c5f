"""Prompts that are dialogues, written as in hh-rlhf, and prompts that are one question."""

from __future__ import annotations

import re

#: What opens a turn of either side, as in the data of Bai et al. (arXiv 2204.05862).
QUESTION = "\n\nHuman:"
ANSWER = "\n\nAssistant:"
ROLES = {QUESTION: "user", ANSWER: "assistant"}
_TURN = re.compile(f"({re.escape(QUESTION)}|{re.escape(ANSWER)})")


def messages_of(prompt: str) -> list[dict[str, str]]:
    """The turns of a prompt, as chat templates take them.

    Parameters
    ----------
    prompt : str
        A dialogue, which begins with ``"\\n\\nHuman:"`` and ends with ``"\\n\\nAssistant:"``; or
        any other text, which is what one user says.

    Returns
    -------
    list of dict
        ``role`` (``user`` or ``assistant``) and ``content`` of each turn, the last of them the
        user's.
    """
    if not is_dialogue(prompt):
        return [{"role": "user", "content": prompt}]
    _, *pieces = _TURN.split(prompt.removesuffix(ANSWER))
    return [
        {"role": ROLES[mark], "content": text.strip()}
        for mark, text in zip(pieces[::2], pieces[1::2], strict=True)
    ]


def is_dialogue(prompt: str) -> bool:
    """Whether a prompt is written as a dialogue."""
    return prompt.startswith(QUESTION) and prompt.endswith(ANSWER)


def plain(prompt: str) -> str:
    """A prompt as plain text: a single question as it stands, a dialogue with its speakers."""
    turns = messages_of(prompt)
    return turns[0]["content"] if len(turns) == 1 else prompt.strip()
