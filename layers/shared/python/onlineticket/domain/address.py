"""How an account address is written for people: mixed-case checksums (EIP-55).

EIP-55 needs Keccak-256, which is not the SHA3-256 of hashlib (the padding differs), and the only
packages that have it belong to the chain layer. One address costs ~0.4 ms here, once per process:
an answer's addresses repeat, so a warm page costs nothing. Tested against pycryptodome.
"""

from functools import lru_cache

RATE = 136
"""Bytes of one Keccak-256 block; ours is always a single block."""

_LANE = 2**64 - 1


@lru_cache(maxsize=20_000)
def checksum(address: str) -> str:
    """The EIP-55 form of a lowercase `0x` address."""
    digits = address[2:]
    digest = keccak_256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if nibble >= "8" else digit
        for digit, nibble in zip(digits, digest, strict=False)
    )


def keccak_256(message: bytes) -> bytes:
    """The hash of up to 135 bytes. Raises ValueError for more."""
    if len(message) >= RATE:
        raise ValueError("longer than one block")
    block = bytearray(message.ljust(RATE, b"\0"))
    block[len(message)] ^= 0x01
    block[-1] ^= 0x80
    lanes = [int.from_bytes(block[i : i + 8], "little") for i in range(0, RATE, 8)]
    state = _permuted(lanes + [0] * 8)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permuted(a: list[int]) -> list[int]:
    """Keccak-f[1600] over 25 lanes, lane (x, y) at x + 5y (FIPS 202, section 3)."""
    for constant in _ROUND_CONSTANTS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ ((c[x - 4] << 1 | c[x - 4] >> 63) & _LANE) for x in range(5)]
        b = [
            ((lane := a[source] ^ d[source % 5]) << turn | lane >> 64 - turn) & _LANE
            for source, turn in _MOVES
        ]
        a = [b[i] ^ (~b[j] & b[k]) for i, j, k in _ROWS]
        a[0] ^= constant
    return a


def _round_constants() -> list[int]:
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << (2**j - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


def _moves() -> list[tuple[int, int]]:
    """For each lane of the result, in order: where it comes from, turned left by how many bits."""
    moves = {0: (0, 0)}
    x, y = 1, 0
    for t in range(24):
        source = x + 5 * y
        x, y = y, (2 * x + 3 * y) % 5
        moves[x + 5 * y] = (source, (t + 1) * (t + 2) // 2 % 64)
    return [moves[i] for i in range(25)]


_ROUND_CONSTANTS = _round_constants()
_MOVES = _moves()
_ROWS = [
    (y + x, y + (x + 1) % 5, y + (x + 2) % 5) for y in range(0, 25, 5) for x in range(5)
]  # fmt: skip
