"""Prompts of the suite: everyday questions, every form asked of every topic."""

from __future__ import annotations

from itertools import product

FORMS = (
    "What is {}?",
    "How do I learn about {}?",
    "Explain {} to a child.",
    "What is a common mistake with {}?",
    "Write two sentences about {}.",
    "What should I know before I try {}?",
    "Why do people like {}?",
    "Is {} difficult?",
    "Give me a tip on {}.",
    "What is the history of {}?",
    "What can go wrong with {}?",
    "How much does {} cost?",
    "Who should avoid {}?",
    "Tell me a fact about {}.",
    "What do I need for {}?",
    "How has {} changed?",
)
TOPICS = (
    "baking bread",
    "riding a bicycle",
    "chess",
    "gardening",
    "the tides",
    "sewing",
    "first aid",
    "bird watching",
    "saving money",
    "solar power",
    "swimming",
    "the night sky",
    "making cheese",
    "public speaking",
    "repairing a tap",
    "playing the piano",
)
#: The first of them ask each form once, of different topics.
PROMPTS = tuple(
    form.format(TOPICS[(place + shift) % len(TOPICS)])
    for shift, (place, form) in product(range(len(TOPICS)), enumerate(FORMS))
)
