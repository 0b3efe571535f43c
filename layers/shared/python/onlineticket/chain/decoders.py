"""Decoders of our logs. Written by `make decoders` from abis/*.json; do not edit.

Each takes a log's topics (the first is the signature's hash) and its data, as lowercase 0x text,
and returns the arguments in the ABI's order, or raises Malformed.
"""

from collections.abc import Callable
from typing import Any

from onlineticket.chain.slices import Malformed, address, boolean, text, uint8

Decoder = Callable[[list[str], str], tuple[Any, ...]]


def _EventManager_EventApproved(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 66:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        boolean(data, 2),
    )


def _EventManager_EventCreated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 3:
        raise Malformed("topic count")
    end = 194
    name, end = text(data, 2, end)
    if len(data) != end:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        address(topics[2], 2),
        name,
        int(data[66:130], 16),
        int(data[130:194], 16),
    )


def _EventManager_EventUpdated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        uint8(data, 2),
        uint8(data, 66),
    )


def _EventManager_OrganizerAuthorized(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 66:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        boolean(data, 2),
    )


def _EventManager_RevenueWithdrawn(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        int(data[2:66], 16),
        boolean(data, 66),
    )


def _EventManager_TicketPurchased(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        address(topics[3], 2),
        int(data[2:66], 16),
        int(data[66:130], 16),
        boolean(data, 130),
    )


def _EventManager_TicketTypeAdded(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 3:
        raise Malformed("topic count")
    end = 194
    name, end = text(data, 2, end)
    if len(data) != end:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        name,
        int(data[66:130], 16),
        int(data[130:194], 16),
    )


def _Marketplace_AuctionCancelled(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 2:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
    )


def _Marketplace_AuctionCreated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 258:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        address(topics[3], 2),
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
        int(data[194:258], 16),
    )


def _Marketplace_AuctionEnded(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        address(topics[3], 2),
        int(data[2:66], 16),
        boolean(data, 66),
    )


def _Marketplace_BidBalanceDeposited(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        int(data[2:66], 16),
        boolean(data, 66),
    )


def _Marketplace_BidBalanceWithdrawn(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        int(data[2:66], 16),
        boolean(data, 66),
    )


def _Marketplace_BidPlaced(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 3:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        address(topics[2], 2),
        int(data[2:66], 16),
        boolean(data, 66),
    )


def _Marketplace_ListingCancelled(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 2:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
    )


def _Marketplace_ListingCreated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        address(topics[3], 2),
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
    )


def _Marketplace_ListingUpdated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
    )


def _Marketplace_TicketSold(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        address(topics[3], 2),
        address(data, 2),
        int(data[66:130], 16),
        boolean(data, 130),
    )


def _TicketManager_MinterAuthorized(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 66:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        boolean(data, 2),
    )


def _TicketManager_TicketCancelled(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 3:
        raise Malformed("topic count")
    end = 66
    reason, end = text(data, 2, end)
    if len(data) != end:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        reason,
    )


def _TicketManager_TicketMinted(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        address(topics[3], 2),
        int(data[2:66], 16),
        int(data[66:130], 16),
    )


def _TicketManager_TicketStatusChanged(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        uint8(data, 2),
        uint8(data, 66),
    )


def _TicketManager_TicketUsed(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 2:
        raise Malformed("data length")
    return (
        int(topics[1][2:66], 16),
        int(topics[2][2:66], 16),
        address(topics[3], 2),
    )


def _TicketManager_Transfer(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 2:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        address(topics[2], 2),
        int(topics[3][2:66], 16),
    )


def _TicketManager_VerifierAuthorized(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 66:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        boolean(data, 2),
    )


def _TokenSwap_FeeRatesUpdated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 1:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        int(data[2:66], 16),
        int(data[66:130], 16),
    )


def _TokenSwap_LiquidityAdded(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
    )


def _TokenSwap_LiquidityRemoved(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 2:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
    )


def _TokenSwap_PriceUpdated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 1:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
    )


def _TokenSwap_ReservesUpdated(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 1:
        raise Malformed("topic count")
    if len(data) != 130:
        raise Malformed("data length")
    return (
        int(data[2:66], 16),
        int(data[66:130], 16),
    )


def _TokenSwap_Swap(topics: list[str], data: str) -> tuple[Any, ...]:
    if len(topics) != 4:
        raise Malformed("topic count")
    if len(data) != 194:
        raise Malformed("data length")
    return (
        address(topics[1], 2),
        address(topics[2], 2),
        address(topics[3], 2),
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
    )



DECODERS: dict[tuple[str, str, int], tuple[str, Decoder]] = {
    ("EventManager", "0x9de0f0a5993b4aa68d5121a6c1cc0364406f54e3cee88b952cd7734e1563585a", 2): (
        "EventApproved",
        _EventManager_EventApproved,
    ),
    ("EventManager", "0x3e1e16dc53562886fa9ab2acde567c1067c24a0c4daad0e47ab75c7b194a90ed", 3): (
        "EventCreated",
        _EventManager_EventCreated,
    ),
    ("EventManager", "0xda91aae36c3f7cc06460a580bf85526904742aecbaf1de25b794bfbe15aed167", 2): (
        "EventUpdated",
        _EventManager_EventUpdated,
    ),
    ("EventManager", "0x7b2e4f024d896b4d89e597bdd9d630a6bda678aaed6a151ee53538af7fe07adf", 2): (
        "OrganizerAuthorized",
        _EventManager_OrganizerAuthorized,
    ),
    ("EventManager", "0x0384ed6be291e4de8b2149c62ab16528186490835f74116fd1f626d5b6f786b1", 2): (
        "RevenueWithdrawn",
        _EventManager_RevenueWithdrawn,
    ),
    ("EventManager", "0xb06dd6b6199160148cf7da2a02a2e2fd41e744bc68f868a21806ad1fcb336f6d", 4): (
        "TicketPurchased",
        _EventManager_TicketPurchased,
    ),
    ("EventManager", "0x766363e141a90ab2ab87c4d5ab572d5df3ac4b4e6cd8228f13b6a56b02d8c5c6", 3): (
        "TicketTypeAdded",
        _EventManager_TicketTypeAdded,
    ),
    ("Marketplace", "0x2809c7e17bf978fbc7194c0a694b638c4215e9140cacc6c38ca36010b45697df", 2): (
        "AuctionCancelled",
        _Marketplace_AuctionCancelled,
    ),
    ("Marketplace", "0x144ef2fd3204f1b63e5da3127c66329b5641765788e2a809b0a43317a02ee25d", 4): (
        "AuctionCreated",
        _Marketplace_AuctionCreated,
    ),
    ("Marketplace", "0x2b01a48babef4bb97eedf33942a2a442be65e5978caf571df3faf8cd3587101b", 4): (
        "AuctionEnded",
        _Marketplace_AuctionEnded,
    ),
    ("Marketplace", "0x56d160df449ad29671d8e75826196a65d3958cb7317df02ae532d0f8581ee02f", 2): (
        "BidBalanceDeposited",
        _Marketplace_BidBalanceDeposited,
    ),
    ("Marketplace", "0x4b11a2c669fa76c62b7cf231a654421b59ed0c7e360e4d223fd41b06300138b1", 2): (
        "BidBalanceWithdrawn",
        _Marketplace_BidBalanceWithdrawn,
    ),
    ("Marketplace", "0x8f06251a01f1c60f43d914574d31d4eb5be776df9d23e7f94e7c07c578b9753d", 3): (
        "BidPlaced",
        _Marketplace_BidPlaced,
    ),
    ("Marketplace", "0x411aee90354c51b1b04cd563fcab2617142a9d50da19232d888547c8a1b7fd8a", 2): (
        "ListingCancelled",
        _Marketplace_ListingCancelled,
    ),
    ("Marketplace", "0xd968a91d52e5a29d0c78a691dd966f3c5b5a67f602f9daa9d7a3bea03fb905cd", 4): (
        "ListingCreated",
        _Marketplace_ListingCreated,
    ),
    ("Marketplace", "0x249b4fd7f31ce1b27cdf920c73f8526880c641036b50f96dc78f49d5166f5853", 2): (
        "ListingUpdated",
        _Marketplace_ListingUpdated,
    ),
    ("Marketplace", "0xa410290ff7e294ca8420d7bdd774b13d828fe479e7cab826450d774e0fb06580", 4): (
        "TicketSold",
        _Marketplace_TicketSold,
    ),
    ("TicketManager", "0x9041c22ed79d1c19c69cc22fd9e38c93da4f2dd8cd32580594e232a8a18541cb", 2): (
        "MinterAuthorized",
        _TicketManager_MinterAuthorized,
    ),
    ("TicketManager", "0xd320b4f6e5b1b0de7d1a6019a2ec992b8d074705834f2e20ad36b42a1deb5a2c", 3): (
        "TicketCancelled",
        _TicketManager_TicketCancelled,
    ),
    ("TicketManager", "0xed62a49acafd18b53efaca7f328da805d1d7e1d64fcc169b00556f05b163ed7c", 4): (
        "TicketMinted",
        _TicketManager_TicketMinted,
    ),
    ("TicketManager", "0x1242df8622c8cdee6f783c390ff0e347eacbd7c142064b9760756384f2a23eb5", 2): (
        "TicketStatusChanged",
        _TicketManager_TicketStatusChanged,
    ),
    ("TicketManager", "0xb35ebdfb9515b145e406c5c5a0846ec436db0b9560927af3af7a754d90c4f6ff", 4): (
        "TicketUsed",
        _TicketManager_TicketUsed,
    ),
    ("TicketManager", "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef", 4): (
        "Transfer",
        _TicketManager_Transfer,
    ),
    ("TicketManager", "0x549bea741606fea6131feb992ab8021bef3bb5dfc19f6d30184944614a875459", 2): (
        "VerifierAuthorized",
        _TicketManager_VerifierAuthorized,
    ),
    ("TokenSwap", "0x4f672c50736ba0fe8a4825ecfde8bcd931727422a77ac89af44fccce2746e0b3", 1): (
        "FeeRatesUpdated",
        _TokenSwap_FeeRatesUpdated,
    ),
    ("TokenSwap", "0x64b83944e79c3ce8d4c297411de637c3e102d064677aac0c163976ebdcd6f50e", 2): (
        "LiquidityAdded",
        _TokenSwap_LiquidityAdded,
    ),
    ("TokenSwap", "0x1dc8bb69df2b8e91fbdcbfcf93d951b3f0000f085a95fe3f7946d6161439245d", 2): (
        "LiquidityRemoved",
        _TokenSwap_LiquidityRemoved,
    ),
    ("TokenSwap", "0x15819dd2fd9f6418b142e798d08a18d0bf06ea368f4480b7b0d3f75bd966bc48", 1): (
        "PriceUpdated",
        _TokenSwap_PriceUpdated,
    ),
    ("TokenSwap", "0x5141ecc84a35c12ca2bf76bb33d393bd2fc22f906da0743534beef4ae63c6c8e", 1): (
        "ReservesUpdated",
        _TokenSwap_ReservesUpdated,
    ),
    ("TokenSwap", "0xd6d34547c69c5ee3d2667625c188acf1006abb93e0ee7cf03925c67cf7760413", 4): (
        "Swap",
        _TokenSwap_Swap,
    ),
}
"""By contract, topic 0, number of topics: the event and its decoder."""

TOPICS = frozenset((contract, topic) for contract, topic, _ in DECODERS)

MEANINGLESS = frozenset(
    {
        ("EventManager", "0xf8e1a15aba9398e019f0b49df1a4fde98ee17ae345cb5f6b5e2c27f5033e8ce7"),
        ("EventManager", "0x6bd5c950a8d8df17f772f5af37cb3655737899cbf903264b9795592da439661c"),
        ("EventManager", "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"),
        ("EventManager", "0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31"),
        ("EventManager", "0x62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258"),
        ("EventManager", "0x5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa"),
        ("EventManager", "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0"),
        ("EventManager", "0x3f2c9d57c068687834f0de942a9babb9e5acab57d516d3480a3c16ee165a4273"),
        ("EventManager", "0xfd38818f5291bf0bb3a2a48aadc06ba8757865d1dabd804585338aab3009dcb6"),
        ("EventManager", "0x5fafa99d0643513820be26656b45130b01e1c03062e1266bf36f88cbd3bd9695"),
        ("EventManager", "0x0a6387c9ea3628b88a633bb4f3b151770f70085117a15f9bf3787cda53f13d31"),
        ("TicketManager", "0xf8e1a15aba9398e019f0b49df1a4fde98ee17ae345cb5f6b5e2c27f5033e8ce7"),
        ("TicketManager", "0x6bd5c950a8d8df17f772f5af37cb3655737899cbf903264b9795592da439661c"),
        ("TicketManager", "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"),
        ("TicketManager", "0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31"),
        ("TicketManager", "0x62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258"),
        ("TicketManager", "0x5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa"),
        ("TicketManager", "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0"),
        ("TicketManager", "0x3f2c9d57c068687834f0de942a9babb9e5acab57d516d3480a3c16ee165a4273"),
        ("TicketManager", "0xfd38818f5291bf0bb3a2a48aadc06ba8757865d1dabd804585338aab3009dcb6"),
        ("TicketManager", "0x5fafa99d0643513820be26656b45130b01e1c03062e1266bf36f88cbd3bd9695"),
        ("TicketManager", "0x0a6387c9ea3628b88a633bb4f3b151770f70085117a15f9bf3787cda53f13d31"),
        ("Marketplace", "0xf8e1a15aba9398e019f0b49df1a4fde98ee17ae345cb5f6b5e2c27f5033e8ce7"),
        ("Marketplace", "0x6bd5c950a8d8df17f772f5af37cb3655737899cbf903264b9795592da439661c"),
        ("Marketplace", "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"),
        ("Marketplace", "0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31"),
        ("Marketplace", "0x62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258"),
        ("Marketplace", "0x5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa"),
        ("Marketplace", "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0"),
        ("Marketplace", "0x3f2c9d57c068687834f0de942a9babb9e5acab57d516d3480a3c16ee165a4273"),
        ("Marketplace", "0xfd38818f5291bf0bb3a2a48aadc06ba8757865d1dabd804585338aab3009dcb6"),
        ("Marketplace", "0x5fafa99d0643513820be26656b45130b01e1c03062e1266bf36f88cbd3bd9695"),
        ("Marketplace", "0x0a6387c9ea3628b88a633bb4f3b151770f70085117a15f9bf3787cda53f13d31"),
        ("TokenSwap", "0xf8e1a15aba9398e019f0b49df1a4fde98ee17ae345cb5f6b5e2c27f5033e8ce7"),
        ("TokenSwap", "0x6bd5c950a8d8df17f772f5af37cb3655737899cbf903264b9795592da439661c"),
        ("TokenSwap", "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"),
        ("TokenSwap", "0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31"),
        ("TokenSwap", "0x62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258"),
        ("TokenSwap", "0x5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa"),
        ("TokenSwap", "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0"),
        ("TokenSwap", "0x3f2c9d57c068687834f0de942a9babb9e5acab57d516d3480a3c16ee165a4273"),
        ("TokenSwap", "0xfd38818f5291bf0bb3a2a48aadc06ba8757865d1dabd804585338aab3009dcb6"),
        ("TokenSwap", "0x5fafa99d0643513820be26656b45130b01e1c03062e1266bf36f88cbd3bd9695"),
        ("TokenSwap", "0x0a6387c9ea3628b88a633bb4f3b151770f70085117a15f9bf3787cda53f13d31"),
        ("TokenSwap", "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    }
)

SELECTORS = {
    ("EventManager", "addTicketType"): "0x9181346c",
    ("EventManager", "addToPresaleWhitelist"): "0xb639e9d4",
    ("EventManager", "approveEvent"): "0x6acaa93f",
    ("EventManager", "authorizeOrganizer"): "0x1fd6896e",
    ("EventManager", "authorizedOrganizers"): "0x82a20d6d",
    ("EventManager", "createEvent"): "0xfa5d7180",
    ("EventManager", "getEventInfo"): "0x1d645b12",
    ("EventManager", "getTicketTypeInfo"): "0xca8b01d4",
    ("EventManager", "isInPresaleWhitelist"): "0x087b8636",
    ("EventManager", "owner"): "0x8da5cb5b",
    ("EventManager", "paused"): "0x5c975abb",
    ("EventManager", "platformFeeRate"): "0xeeca08f0",
    ("EventManager", "purchaseTickets"): "0x5c56a3f5",
    ("EventManager", "purchaseTicketsWithEth"): "0x965b4101",
    ("EventManager", "setPlatformFeeRate"): "0x927fef2e",
    ("EventManager", "updateEvent"): "0x1c9ee3dd",
    ("EventManager", "updateEventStatus"): "0xfc733996",
    ("EventManager", "withdrawRevenue"): "0xb7db43c8",
    ("Marketplace", "auctions"): "0x571a26a0",
    ("Marketplace", "buyTicket"): "0x67dd74ca",
    ("Marketplace", "buyTicketWithEth"): "0xdd8f9e3b",
    ("Marketplace", "cancelListing"): "0x305a67a8",
    ("Marketplace", "cleanupExpiredListings"): "0xd02ea1c0",
    ("Marketplace", "createAuction"): "0x2b0e0472",
    ("Marketplace", "createListing"): "0xe9090154",
    ("Marketplace", "getListingInfo"): "0xb9314135",
    ("Marketplace", "platformFeeRate"): "0xeeca08f0",
    ("Marketplace", "tokenToAuction"): "0xbb19dd08",
    ("Marketplace", "tokenToListing"): "0xea7eaec6",
    ("Marketplace", "updateListing"): "0x1712ab19",
    ("PlatformToken", "allowance"): "0xdd62ed3e",
    ("PlatformToken", "approve"): "0x095ea7b3",
    ("PlatformToken", "balanceOf"): "0x70a08231",
    ("PlatformToken", "nonces"): "0x7ecebe00",
    ("PlatformToken", "permit"): "0xd505accf",
    ("TicketManager", "approve"): "0x095ea7b3",
    ("TicketManager", "authorizedVerifiers"): "0x9a891716",
    ("TicketManager", "batchMintTickets"): "0x511bb724",
    ("TicketManager", "cancelTicket"): "0x262dbfa7",
    ("TicketManager", "expireTickets"): "0xbac37866",
    ("TicketManager", "getApproved"): "0x081812fc",
    ("TicketManager", "getTicketInfo"): "0xff99a063",
    ("TicketManager", "isApprovedForAll"): "0xe985e9c5",
    ("TicketManager", "isTicketValid"): "0xfb3ae56f",
    ("TicketManager", "mintTicket"): "0x9da000fe",
    ("TicketManager", "ownerOf"): "0x6352211e",
    ("TicketManager", "safeTransferFrom"): "0x42842e0e",
    ("TicketManager", "setApprovalForAll"): "0xa22cb465",
    ("TicketManager", "setEventPurchaseLimit"): "0xea5e6e67",
    ("TicketManager", "setMinterAuthorization"): "0x378c2b86",
    ("TicketManager", "setTicketTransferable"): "0x6b6e3fcb",
    ("TicketManager", "setVerifierAuthorization"): "0xfab97aac",
    ("TicketManager", "tokenURI"): "0xc87b56dd",
    ("TicketManager", "useTicket"): "0x26606448",
    ("TokenSwap", "addLiquidity"): "0x422f1043",
    ("TokenSwap", "getETHAmountOut"): "0xcd192db5",
    ("TokenSwap", "getTokenAmountOut"): "0x71073b38",
    ("TokenSwap", "maxSlippageRate"): "0xc2042202",
    ("TokenSwap", "platformToken"): "0xd1b812cd",
    ("TokenSwap", "removeLiquidity"): "0x857620e1",
    ("TokenSwap", "reserveETH"): "0x100af203",
    ("TokenSwap", "reserveToken"): "0xf4325d67",
    ("TokenSwap", "swapETHForTokens"): "0x2eab2841",
    ("TokenSwap", "swapFeeRate"): "0x3a04801d",
    ("TokenSwap", "swapTokensForETH"): "0xa22280a6",
}
"""By contract and function name: the first four bytes of its calldata."""
