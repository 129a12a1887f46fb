"""Tokens that a service must not open, made by somebody who knows the format: some even hold a key.

What needs no key changes a valid token's segments. What is sealed here is sealed rightly, for something
else, or in a form that the service never seals in.
"""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from joserfc import jwe
from joserfc.jwk import OctKey

from services.stateless.seal import Key
from tests.adversarial.mutants import Mutation, decoded, encoded

ANY = jwe.JWERegistry(
    algorithms=["dir", "A256KW", "A256GCMKW", "A256GCM", "A128CBC-HS256", "DEF"], strict_check_header=False
)
DEEP = 700
"""As many brackets as a header of 1,024 bytes has room for, or nearly."""
ALGORITHMS = ["none", "None", "DIR", "", "A256KW", "A128KW", "RSA-OAEP", "RSA1_5", "ECDH-ES", "A256GCMKW"]
PASSWORDS = ["PBES2-HS256+A128KW", "PBES2-HS512+A256KW"]
ENCRYPTIONS = ["none", "A128GCM", "A192GCM", "a256gcm", "A128CBC-HS256", "A256CBC-HS512", "XC20P", ""]
KEY_IDS = [
    "",
    "0001",
    "0001.jwk",
    "../0001",
    "/etc/passwd",
    "../../../../dev/zero",
    "..\\0001",
    "\0",
    "*",
    "é",
]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**40,
    [],
    {},
    [[]],
    {"a": {}},
    "",
    "\0",
    "\ud800",
    "x" * 600,
    ["A256GCM"],
]
MORE: list[dict[str, Any]] = [
    {"zip": "DEF"},
    {"zip": "none"},
    {"crit": ["exp"]},
    {"crit": ["kid"]},
    {"crit": []},
    {"b64": False, "crit": ["b64"]},
    {"typ": "JWT", "cty": "JWT"},
    {"jwk": {"kty": "oct", "k": "AAAA"}},
    {"jku": "http://127.0.0.1:9/keys"},
    {"x5u": "file:///etc/passwd"},
    {"x5c": ["AAAA"]},
    {"epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
    {"p2c": 10**9, "p2s": "AAAA"},
    {"exp": 0},
    {"iss": "x"},
]


def header_forged(token: str, dice: Random) -> str:
    """Another header before the same seal, at times with an encrypted key that there should not be."""
    first, _, *rest = token.split(".")
    header: dict[str, Any] = json.loads(decoded(first))
    name = dice.choice(["alg", "enc", "kid", "zip", "crit", "p2c", "apu", "iv", "tag"])
    changes: list[dict[str, Any]] = [
        {"alg": dice.choice(ALGORITHMS)},
        {"alg": dice.choice(PASSWORDS), "p2c": 10**9, "p2s": encoded(dice.randbytes(8))},
        {"enc": dice.choice(ENCRYPTIONS)},
        {"kid": dice.choice([*KEY_IDS, encoded(dice.randbytes(32))])},
        {name: dice.choice(ODD)},
        dice.choice(MORE),
        {encoded(dice.randbytes(4)): dice.choice(ODD)},
    ]
    header |= dice.choice(changes)
    if dice.random() < 0.2:
        del header[dice.choice(list(header))]
    return ".".join([_text(header, dice), dice.choice(["", "", "", encoded(dice.randbytes(40))]), *rest])


def header_of_another_form(token: str, dice: Random) -> str:
    first, *rest = token.split(".")
    text = decoded(first).decode()
    forms = [
        json.dumps(dice.choice(ODD)),
        "[" * dice.randrange(1, DEEP),
        '{"a":' * dice.randrange(1, DEEP // 5),
        text[:-1] + ',"x":' + "[" * dice.randrange(1, 400) + "]" * 300 + "}",
        text[:-1] + ',"kid":' + '[{"a":' * dice.randrange(1, 90) + "}",
        text[:-1] + f',"alg":"none","n":{dice.random()}}}',  # a name twice
        text + dice.choice([" ", "\n", "\0", "{}", "//"]) * dice.randrange(1, 50),
        f'{{"n":{"9" * dice.randrange(400, 700)},' + text[1:],
        text.replace('"', "'"),
        dice.randbytes(dice.randrange(1, 60)).decode("latin-1"),
        text[: dice.randrange(len(text))],
    ]
    return ".".join([encoded(dice.choice(forms).encode("utf-8", "surrogatepass")), *rest])


def seal_cut(token: str, dice: Random) -> str:
    """A shorter or longer tag, nonce or ciphertext, rightly encoded: 4 bytes of a tag can be guessed."""
    parts = token.split(".")
    which = dice.choice([2, 3, 4, 4])
    raw = decoded(parts[which])
    cut = dice.randrange(len(raw))
    parts[which] = encoded(
        dice.choice([raw[:cut], raw[cut + 1 :], raw + dice.randbytes(4), dice.randbytes(16)])
    )
    return ".".join(parts)


WITHOUT_A_KEY: list[Mutation] = [header_forged, header_of_another_form, seal_cut]


@dataclass(frozen=True)
class Forger:
    """Somebody who holds the service's key, and seals with it what the service never would."""

    key: OctKey

    @classmethod
    def holding(cls, key: Key) -> "Forger":
        return cls(OctKey.import_key(key.raw_value, {"kid": key.kid}))

    def mutations(self) -> list[Mutation]:
        return [self._other_content, self._other_form, self._nested]

    def control(self, token: str) -> str:
        """Sealed anew with nothing changed. It is accepted: the others are refused for what they change."""
        return self._sealed(self._content(token), {})

    def _content(self, token: str) -> list[Any]:
        content: list[Any] = json.loads(jwe.decrypt_compact(token, self.key, registry=ANY).plaintext or b"")
        return content

    def _sealed(self, content: Any, change: dict[str, Any]) -> str:
        header = {"alg": "dir", "enc": "A256GCM", "kid": self.key.kid} | change
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return jwe.encrypt_compact(header, raw, self.key, registry=ANY)

    def _other_content(self, token: str, dice: Random) -> str:
        purpose, service, session, *rest = self._content(token)
        odd = dice.choice(ODD)
        purposes = ["link", "revocation", "Session", "session ", odd]
        services = ["stateful", "token", "Stateless", "stateless\0", odd]
        return self._sealed(
            dice.choice(
                [
                    [dice.choice(purposes), service, session, *rest],
                    [purpose, dice.choice(services), session, *rest],
                    [purpose, service, odd, *rest],
                    [
                        purpose,
                        service,
                        session | {dice.choice(list(session)): dice.choice([None, [], "x"])},
                        *rest,
                    ],
                    [purpose, service, {k: session[k] for k in dice.sample(list(session), 5)}, *rest],
                    [purpose, service, session, dice.choice([None, 7, [], {}]), *rest[1:]],
                    [purpose, service, session, rest[0], dice.choice([None, "1", [], 0.5]), *rest[2:]],
                    [purpose, service, session, *rest[:2], dice.choice([None, 7, [], {"k": []}, {"k": 1}])],
                    [purpose, service, session],
                    [purpose, service],
                    session,
                    odd,
                    b"[" * dice.randrange(1, 3000),
                    b'{"a":' * dice.randrange(1, 600),
                    json.dumps([purpose, service, session, *rest])[: dice.randrange(1, 60)].encode(),
                    dice.randbytes(60),
                ]
            ),
            {},
        )

    def _other_form(self, token: str, dice: Random) -> str:
        changes: list[dict[str, Any]] = [
            {"alg": "A256KW"},
            {"alg": "A256GCMKW"},
            {"enc": "A128CBC-HS256"},
            {"zip": "DEF"},
            {"kid": dice.choice(KEY_IDS)},
            {encoded(dice.randbytes(4)): dice.choice(ODD)},
        ]
        return self._sealed(self._content(token), dice.choice(changes))

    def _nested(self, token: str, dice: Random) -> str:
        inside: list[Any] = [token.encode(), token, [token], ["session", "stateless", token]]
        return self._sealed(dice.choice(inside), dice.choice([{}, {"cty": "JWE"}]))


def _text(header: Any, dice: Random) -> str:
    separators = dice.choice([(",", ":"), (", ", ": "), (",\n", ":\t")])
    return encoded(json.dumps(header, separators=separators).encode())
