// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {PlatformToken} from "./PlatformToken.sol";
import {TicketManager} from "./TicketManager.sol";

/// @notice Resale: a listed or auctioned ticket is held here until it is sold or given back.
/// Auctions only begin: nothing bids, ends or cancels one. A ticket sent here directly is held for good.
contract Marketplace is Ownable, ReentrancyGuard, ERC721Holder {
    enum ListingStatus { ACTIVE, SOLD, CANCELLED, EXPIRED }
    enum AuctionStatus { ACTIVE, ENDED, CANCELLED }

    struct Listing {
        uint256 listingId;
        uint256 tokenId;
        address seller;
        uint256 price;
        uint256 ethPrice;
        uint256 createdAt;
        uint256 expiresAt;
        ListingStatus status;
        bool acceptsEth;
    }

    struct Auction {
        uint256 auctionId;
        uint256 tokenId;
        address seller;
        uint256 startingPrice;
        uint256 ethStartingPrice;
        uint256 reservePrice;
        uint256 currentBid;
        address currentBidder;
        uint256 startTime;
        uint256 endTime;
        AuctionStatus status;
        bool acceptsEth;
        bool isEthBid;
    }

    uint256 public constant MIN_DURATION = 1 hours;
    uint256 public constant MAX_DURATION = 30 days;

    TicketManager public immutable ticketManager;
    PlatformToken public immutable platformToken;
    address public immutable feeRecipient;

    /// Basis points of the price, inside it.
    uint256 public platformFeeRate = 250;
    mapping(uint256 listingId => Listing) public listings;
    mapping(uint256 auctionId => Auction) public auctions;
    /// 0 = none.
    mapping(uint256 tokenId => uint256) public tokenToListing;
    mapping(uint256 tokenId => uint256) public tokenToAuction;

    uint256 private _lastListingId;
    uint256 private _lastAuctionId;

    event ListingCreated(
        uint256 indexed listingId,
        uint256 indexed tokenId,
        address indexed seller,
        uint256 price,
        uint256 ethPrice,
        uint256 expiresAt
    );
    event ListingUpdated(uint256 indexed listingId, uint256 newPrice, uint256 newEthPrice, uint256 newExpiresAt);
    event ListingCancelled(uint256 indexed listingId);
    event TicketSold(
        uint256 indexed listingId,
        uint256 indexed tokenId,
        address indexed buyer,
        address seller,
        uint256 price,
        bool paidWithEth
    );
    event AuctionCreated(
        uint256 indexed auctionId,
        uint256 indexed tokenId,
        address indexed seller,
        uint256 startingPrice,
        uint256 ethStartingPrice,
        uint256 reservePrice,
        uint256 endTime
    );
    // Declared for the auctions to come; nothing emits them.
    event BidPlaced(uint256 indexed auctionId, address indexed bidder, uint256 amount, bool isEth);
    event AuctionEnded(
        uint256 indexed auctionId, uint256 indexed tokenId, address indexed winner, uint256 winningBid, bool isEthBid
    );
    event AuctionCancelled(uint256 indexed auctionId);
    event BidBalanceDeposited(address indexed user, uint256 amount, bool isEth);
    event BidBalanceWithdrawn(address indexed user, uint256 amount, bool isEth);

    constructor(TicketManager ticketManager_, PlatformToken platformToken_, address feeRecipient_)
        Ownable(msg.sender)
    {
        ticketManager = ticketManager_;
        platformToken = platformToken_;
        feeRecipient = feeRecipient_;
    }

    // Listings --------------------------------------------------------------------------------

    function createListing(uint256 tokenId, uint256 price, uint256 ethPrice, uint256 duration, bool acceptsEth)
        external
        nonReentrant
        returns (uint256)
    {
        require(price > 0 || ethPrice > 0, "Marketplace: invalid price");
        uint256 expiresAt = _end(duration);
        _takeIn(tokenId);
        uint256 listingId = ++_lastListingId;
        listings[listingId] = Listing(
            listingId,
            tokenId,
            msg.sender,
            price,
            ethPrice,
            block.timestamp,
            expiresAt,
            ListingStatus.ACTIVE,
            acceptsEth
        );
        tokenToListing[tokenId] = listingId;
        emit ListingCreated(listingId, tokenId, msg.sender, price, ethPrice, expiresAt);
        return listingId;
    }

    /// A duration of 0 keeps the expiry. An expired listing that is still ACTIVE comes back to life.
    function updateListing(uint256 listingId, uint256 newPrice, uint256 newEthPrice, uint256 newDuration) external {
        Listing storage listing = _ownListing(listingId);
        require(newPrice > 0 || newEthPrice > 0, "Marketplace: invalid price");
        listing.price = newPrice;
        listing.ethPrice = newEthPrice;
        if (newDuration > 0) listing.expiresAt = _end(newDuration);
        emit ListingUpdated(listingId, newPrice, newEthPrice, listing.expiresAt);
    }

    function cancelListing(uint256 listingId) external nonReentrant {
        Listing storage listing = _ownListing(listingId);
        _close(listing, ListingStatus.CANCELLED);
        ticketManager.transferFrom(address(this), listing.seller, listing.tokenId);
        emit ListingCancelled(listingId);
    }

    function buyTicket(uint256 listingId) external nonReentrant {
        Listing storage listing = _openListing(listingId);
        uint256 price = listing.price;
        require(price > 0, "Marketplace: not for sale in tokens");
        _close(listing, ListingStatus.SOLD);
        uint256 fee = price * platformFeeRate / 10_000;
        require(
            platformToken.transferFrom(msg.sender, feeRecipient, fee)
                && platformToken.transferFrom(msg.sender, listing.seller, price - fee),
            "Marketplace: payment failed"
        );
        _handOver(listing, price, false);
    }

    function buyTicketWithEth(uint256 listingId) external payable nonReentrant {
        Listing storage listing = _openListing(listingId);
        uint256 price = listing.ethPrice;
        require(listing.acceptsEth && price > 0, "Marketplace: not for sale in ETH");
        require(msg.value >= price, "Marketplace: insufficient ETH");
        _close(listing, ListingStatus.SOLD);
        // 2,300 gas each: a contract wallet that keeps accounts of its receipts can't sell or overpay.
        uint256 fee = price * platformFeeRate / 10_000;
        payable(feeRecipient).transfer(fee);
        payable(listing.seller).transfer(price - fee);
        if (msg.value > price) payable(msg.sender).transfer(msg.value - price);
        _handOver(listing, price, true);
    }

    /// No log but the ticket's Transfer. Listings that are not ACTIVE, or not past, are passed over.
    function cleanupExpiredListings(uint256[] calldata listingIds) external nonReentrant {
        for (uint256 i = 0; i < listingIds.length; i++) {
            Listing storage listing = listings[listingIds[i]];
            if (
                listing.seller != address(0) && listing.status == ListingStatus.ACTIVE
                    && block.timestamp > listing.expiresAt
            ) {
                _close(listing, ListingStatus.EXPIRED);
                ticketManager.transferFrom(address(this), listing.seller, listing.tokenId);
            }
        }
    }

    function getListingInfo(uint256 listingId)
        external
        view
        returns (
            uint256 tokenId,
            address seller,
            uint256 price,
            uint256 ethPrice,
            uint256 createdAt,
            uint256 expiresAt,
            ListingStatus status,
            bool acceptsEth
        )
    {
        Listing storage l = listings[listingId];
        require(l.seller != address(0), "Marketplace: listing does not exist");
        return (l.tokenId, l.seller, l.price, l.ethPrice, l.createdAt, l.expiresAt, l.status, l.acceptsEth);
    }

    // Auctions --------------------------------------------------------------------------------

    function createAuction(
        uint256 tokenId,
        uint256 startingPrice,
        uint256 ethStartingPrice,
        uint256 reservePrice,
        uint256 duration,
        bool acceptsEth
    ) external nonReentrant {
        require(startingPrice > 0 || ethStartingPrice > 0, "Marketplace: invalid price");
        uint256 endTime = _end(duration);
        _takeIn(tokenId);
        uint256 auctionId = ++_lastAuctionId;
        Auction storage auction = auctions[auctionId];
        auction.auctionId = auctionId;
        auction.tokenId = tokenId;
        auction.seller = msg.sender;
        auction.startingPrice = startingPrice;
        auction.ethStartingPrice = ethStartingPrice;
        auction.reservePrice = reservePrice;
        auction.startTime = block.timestamp;
        auction.endTime = endTime;
        auction.acceptsEth = acceptsEth;
        tokenToAuction[tokenId] = auctionId;
        emit AuctionCreated(
            auctionId, tokenId, msg.sender, startingPrice, ethStartingPrice, reservePrice, endTime
        );
    }

    // Platform --------------------------------------------------------------------------------

    function setPlatformFeeRate(uint256 rate) external onlyOwner {
        require(rate <= 1_000, "Marketplace: fee rate too high");
        platformFeeRate = rate;
    }

    // ------------------------------------------------------------------------------------------

    function _takeIn(uint256 tokenId) private {
        require(ticketManager.ownerOf(tokenId) == msg.sender, "Marketplace: not ticket owner");
        ticketManager.safeTransferFrom(msg.sender, address(this), tokenId);
    }

    /// Calls a buyer that is a contract, which may pass the ticket on before TicketSold is logged.
    function _handOver(Listing storage listing, uint256 price, bool paidWithEth) private {
        ticketManager.safeTransferFrom(address(this), msg.sender, listing.tokenId);
        emit TicketSold(listing.listingId, listing.tokenId, msg.sender, listing.seller, price, paidWithEth);
    }

    function _close(Listing storage listing, ListingStatus status) private {
        listing.status = status;
        delete tokenToListing[listing.tokenId];
    }

    function _openListing(uint256 listingId) private view returns (Listing storage listing) {
        listing = _activeListing(listingId);
        require(block.timestamp <= listing.expiresAt, "Marketplace: listing expired");
    }

    function _ownListing(uint256 listingId) private view returns (Listing storage listing) {
        listing = _activeListing(listingId);
        require(listing.seller == msg.sender, "Marketplace: not seller");
    }

    function _activeListing(uint256 listingId) private view returns (Listing storage listing) {
        listing = listings[listingId];
        require(
            listing.seller != address(0) && listing.status == ListingStatus.ACTIVE, "Marketplace: listing not active"
        );
    }

    function _end(uint256 duration) private view returns (uint256) {
        require(MIN_DURATION <= duration && duration <= MAX_DURATION, "Marketplace: invalid duration");
        return block.timestamp + duration;
    }
}
