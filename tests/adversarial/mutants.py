"""Credentials that nobody was given: valid ones with something changed. The same from the same seed.

None has `;` or a space at its end, and none is wholly in quotes: those are the cookie's syntax, and leave
the credential as it is.
"""

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from random import Random

BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
INSIDE = BASE64URL + ".=+/ \n\r\t\0\x01\x7f\x80\xff%'\"\\,{}[]é€\u202e😀\u0660"
AT_THE_END = INSIDE.translate({ord(c): None for c in ' \t"'})

Mutation = Callable[[str, Random], str]


def _place(text: str, dice: Random) -> int:
    return dice.randrange(1, len(text) - 1)


def _put(text: str, at: int, what: str, instead_of: int = 0) -> str:
    return text[:at] + what + text[at + instead_of :]


def bit_flipped(text: str, dice: Random) -> str:
    at = _place(text, dice)
    return _put(text, at, chr(ord(text[at]) ^ 1 << dice.randrange(8)).replace(";", ":"), 1)


def character_replaced(text: str, dice: Random) -> str:
    return _put(text, _place(text, dice), dice.choice(INSIDE), 1)


def character_put_in(text: str, dice: Random) -> str:
    return _put(text, _place(text, dice), dice.choice(INSIDE))


def characters_swapped(text: str, dice: Random) -> str:
    one, other = sorted(dice.sample(range(len(text)), 2))
    return text[:one] + text[other] + text[one + 1 : other] + text[one] + text[other + 1 :]


def slice_taken_out(text: str, dice: Random) -> str:
    one, other = sorted(dice.sample(range(len(text)), 2))
    return text[:one] + text[other:]


def slice_repeated(text: str, dice: Random) -> str:
    one, other = sorted(dice.sample(range(len(text)), 2))
    return text[:other] + text[one:]


def slice_of_noise(text: str, dice: Random) -> str:
    one, other = sorted(dice.sample(range(len(text)), 2))
    return text[:one] + "".join(dice.choices(BASE64URL, k=other - one)) + text[other:]


def slice_in_other_case(text: str, dice: Random) -> str:
    one, other = sorted(dice.sample(range(len(text)), 2))
    return text[:one] + text[one:other].swapcase() + text[other:]


def truncated(text: str, dice: Random) -> str:
    at = dice.randrange(len(text))
    return dice.choice([text[:at].rstrip(), text[at + 1 :].lstrip()])


def extended(text: str, dice: Random) -> str:
    more = "".join(dice.choices(AT_THE_END, k=dice.choice([1, 1, 2, 3, 40])))
    return dice.choice([text + more, more + text])


def far_too_long(text: str, dice: Random) -> str:
    return text + dice.choice([dice.choice(BASE64URL), ".", text]) * dice.randrange(20, 400)


def percent_encoded(text: str, dice: Random) -> str:
    at = _place(text, dice)
    form = dice.choice(["%{:02x}", "%{:02X}", "%25{:02x}", "%u{:04x}", "&#{}"])
    return _put(text, at, form.format(ord(text[at])), 1)


def quoted_within(text: str, dice: Random) -> str:
    quote, at = dice.choice("\"'"), _place(text, dice)
    return dice.choice([quote + text, _put(text, at, quote), f"'{text}'", f'"{text[:at]}"{text[at:]}'])


def spelled_otherwise(text: str, dice: Random) -> str:
    """The same bytes in another base64: padded, of the other alphabet, or with unused bits that are set."""
    parts = text.split(".")
    which = dice.choice([i for i, part in enumerate(parts) if part])
    part = parts[which]
    at = BASE64URL.index(part[-1])
    unused = {0: 0, 2: 4, 3: 2}[len(part) % 4]
    parts[which] = dice.choice(
        [
            part[:-1] + BASE64URL[at ^ dice.randrange(1, 1 << unused)] if unused else part + "=",
            part + "=" * dice.randrange(1, 5),
            part.translate(str.maketrans("-_", "+/")) + dice.choice(["", "="]),
            encoded(part.encode()),
            decoded(part).hex(),
            _put(part, dice.randrange(1, len(part)), dice.choice(["\n", "\r\n", "=", "==", " "])),
        ]
    )
    return ".".join(parts)


def segments_rearranged(text: str, dice: Random) -> str:
    parts = text.split(".")
    dice.shuffle(parts)
    return dice.choice([".".join(parts), ".".join(dice.choices(parts, k=len(parts))), text.replace(".", ":")])


EVERYWHERE: list[Mutation] = [
    bit_flipped,
    character_replaced,
    character_put_in,
    characters_swapped,
    slice_taken_out,
    slice_repeated,
    slice_of_noise,
    slice_in_other_case,
    truncated,
    extended,
    far_too_long,
    percent_encoded,
    quoted_within,
    spelled_otherwise,
    segments_rearranged,
]


def segments_exchanged(valid: Sequence[str]) -> Mutation:
    """A mutation that puts a segment of another valid credential in: one's id, the other's secret."""

    def exchange(text: str, dice: Random) -> str:
        mine, theirs = text.split("."), dice.choice(valid).split(".")
        which = dice.randrange(len(mine))
        return ".".join([*mine[:which], theirs[which], *mine[which + 1 :]])

    return exchange


def mutants(valid: Sequence[str], mutations: Sequence[Mutation], seed: int) -> Iterator[str]:
    """Without end, each once; every other one is changed a second time. Never a valid one."""
    dice, seen = Random(seed), set(valid)
    while True:
        mutant = dice.choice(mutations)(dice.choice(valid), dice)
        if dice.random() < 0.5 and len(mutant) > 3:
            mutant = dice.choice([bit_flipped, character_replaced, slice_of_noise])(mutant, dice)
        if mutant not in seen:
            seen.add(mutant)
            yield mutant


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
