"""A secp256k1 key that never leaves AWS KMS (key spec ECC_SECG_P256K1), as an Ethereum account.

KMS signs a 32-byte digest and answers ECDSA-Sig-Value in DER (RFC 3279, section 2.2.3) without the
recovery bit, and with either of the two valid `s`. Ethereum takes the lower one only (EIP-2), and
needs the parity of the point R, which is found by recovering the key with both.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from eth_keys.datatypes import PublicKey, Signature
from eth_keys.exceptions import BadSignature

from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import WalletAddress

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Of the curve's group: SEC 2, section 2.4.1."""

_SPKI = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200")
"""SubjectPublicKeyInfo (RFC 5480) of an uncompressed point on secp256k1, up to the point."""


class Signed(NamedTuple):
    """`y_parity` is 0 or 1; `s` is the lower one."""

    y_parity: int
    r: int
    s: int


@dataclass(frozen=True, slots=True)
class KmsSigner:
    """`client` is boto3's for KMS."""

    client: Any
    key_id: str
    key: PublicKey

    @property
    def address(self) -> WalletAddress:
        return WalletAddress(self.key.to_address())

    def sign(self, digest: bytes) -> Signed:
        """Sign 32 bytes.

        Raises:
            Unavailable: `KMS_UNAVAILABLE`.
        """
        answer = _ask(
            self.client.sign,
            KeyId=self.key_id,
            Message=digest,
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return recoverable(digest, answer["Signature"], self.key)


def open_signer(client: Any, key_id: str) -> KmsSigner:
    """
    Raises:
        Unavailable: `KMS_UNAVAILABLE`.
        ValueError: it is a key of another kind.
    """
    der = _ask(client.get_public_key, KeyId=key_id)["PublicKey"]
    if len(der) != len(_SPKI) + 65 or not der.startswith(_SPKI) or der[len(_SPKI)] != 4:
        raise ValueError("the KMS key is not of the spec ECC_SECG_P256K1")
    return KmsSigner(client, key_id, PublicKey(der[-64:]))


def recoverable(digest: bytes, der: bytes, key: PublicKey) -> Signed:
    """KMS's signature in Ethereum's form.

    Raises:
        ValueError: it is not one of `key` over `digest`.
    """
    r, s = _numbers(der)
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise ValueError("a signature out of range")
    s = min(s, ORDER - s)
    for y_parity in (0, 1):
        try:
            signature = Signature(vrs=(y_parity, r, s))
            if signature.recover_public_key_from_msg_hash(digest) == key:
                return Signed(y_parity, r, s)
        except BadSignature:
            continue
    raise ValueError("a signature of another key")


def _numbers(der: bytes) -> tuple[int, int]:
    """SEQUENCE { r INTEGER, s INTEGER }, every length in its short form: 72 bytes at most."""
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2:
        raise ValueError("a signature that is not DER")
    r, at = _integer(der, 2)
    s, end = _integer(der, at)
    if end != len(der):
        raise ValueError("a signature that is not DER")
    return r, s


def _integer(der: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    head, number = der[at : at + 2], b""
    if len(head) == 2 and head[0] == 2:
        number = der[at + 2 : at + 2 + head[1]]
    if not number or len(number) != head[1] or len(number) > 33:
        raise ValueError("a signature that is not DER")
    return int.from_bytes(number, signed=True), at + 2 + len(number)


def _ask(call: Any, **arguments: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("KMS_UNAVAILABLE", "The signing key does not answer.") from error
