// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Pausable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Pausable.sol";
import {ERC721URIStorage} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721URIStorage.sol";

/// @notice One ERC-721 token is one ticket. Ids start at 1.
/// Its trust in minters is complete: it does not know which events exist.
contract TicketManager is ERC721, ERC721Pausable, ERC721URIStorage, Ownable {
    enum TicketStatus { VALID, USED, CANCELLED, EXPIRED }

    struct Ticket {
        uint256 eventId;
        uint256 seatNumber;
        uint256 originalPrice;
        uint256 category;
        uint256 validFrom;
        uint256 validUntil;
        TicketStatus status;
        address originalBuyer;
        uint256 purchaseTime;
        bool isTransferable;
        string seatSection;
        bytes32 verificationHash;
    }

    /// What the tickets of one batch have in common.
    struct Print {
        uint256 eventId;
        uint256 originalPrice;
        uint256 category;
        uint256 validFrom;
        uint256 validUntil;
        bool isTransferable;
        string seatSection;
    }

    uint256 public constant MAX_BATCH = 100;

    mapping(address account => bool) public authorizedMinters;
    mapping(address account => bool) public authorizedVerifiers;
    /// Tickets one buyer may be minted per event; 0 = no limit.
    mapping(uint256 eventId => uint256) public eventPurchaseLimit;
    mapping(uint256 eventId => mapping(address => uint256)) public purchasedTickets;
    mapping(uint256 eventId => mapping(uint256 seat => bool)) public seatTaken;

    uint256 private _lastTokenId;
    mapping(uint256 tokenId => Ticket) private _tickets;

    event TicketMinted(
        uint256 indexed tokenId, uint256 indexed eventId, address indexed buyer, uint256 seatNumber, uint256 price
    );
    event TicketUsed(uint256 indexed tokenId, uint256 indexed eventId, address indexed verifier);
    event TicketCancelled(uint256 indexed tokenId, uint256 indexed eventId, string reason);
    event TicketStatusChanged(uint256 indexed tokenId, TicketStatus oldStatus, TicketStatus newStatus);
    event MinterAuthorized(address indexed account, bool authorized);
    event VerifierAuthorized(address indexed account, bool authorized);

    modifier onlyMinter() {
        require(authorizedMinters[msg.sender], "TicketManager: not authorized minter");
        _;
    }

    constructor() ERC721("OnlineTicket", "OT") Ownable(msg.sender) {}

    // Mint ------------------------------------------------------------------------------------

    function mintTicket(
        address to,
        uint256 eventId,
        uint256 seatNumber,
        uint256 originalPrice,
        uint256 category,
        uint256 validFrom,
        uint256 validUntil,
        bool isTransferable,
        string calldata seatSection,
        string calldata uri
    ) external onlyMinter {
        _print(
            Print(eventId, originalPrice, category, validFrom, validUntil, isTransferable, seatSection),
            to,
            seatNumber,
            uri
        );
    }

    function batchMintTickets(
        address[] calldata recipients,
        uint256 eventId,
        uint256[] calldata seatNumbers,
        uint256 originalPrice,
        uint256 category,
        uint256 validFrom,
        uint256 validUntil,
        bool isTransferable,
        string calldata seatSection,
        string[] calldata tokenURIs
    ) external onlyMinter {
        require(recipients.length > 0, "TicketManager: empty batch");
        require(recipients.length <= MAX_BATCH, "TicketManager: batch too large");
        require(
            recipients.length == seatNumbers.length && recipients.length == tokenURIs.length,
            "TicketManager: array length mismatch"
        );
        Print memory print =
            Print(eventId, originalPrice, category, validFrom, validUntil, isTransferable, seatSection);
        for (uint256 i = 0; i < recipients.length; i++) {
            _print(print, recipients[i], seatNumbers[i], tokenURIs[i]);
        }
    }

    function _print(Print memory print, address to, uint256 seatNumber, string memory uri) private {
        uint256 eventId = print.eventId;
        uint256 limit = eventPurchaseLimit[eventId];
        uint256 purchased = ++purchasedTickets[eventId][to];
        require(limit == 0 || purchased <= limit, "TicketManager: purchase limit exceeded");
        if (seatNumber != 0) {
            require(!seatTaken[eventId][seatNumber], "TicketManager: seat already taken");
            seatTaken[eventId][seatNumber] = true;
        }

        uint256 tokenId = ++_lastTokenId;
        _tickets[tokenId] = Ticket({
            eventId: eventId,
            seatNumber: seatNumber,
            originalPrice: print.originalPrice,
            category: print.category,
            validFrom: print.validFrom,
            validUntil: print.validUntil,
            status: TicketStatus.VALID,
            originalBuyer: to,
            purchaseTime: block.timestamp,
            isTransferable: print.isTransferable,
            seatSection: print.seatSection,
            verificationHash: keccak256(abi.encode(address(this), tokenId, eventId, seatNumber, to))
        });
        // A contract that receives the ticket is called here, before TicketMinted is logged.
        _safeMint(to, tokenId);
        _setTokenURI(tokenId, uri);
        emit TicketMinted(tokenId, eventId, to, seatNumber, print.originalPrice);
    }

    // Status ----------------------------------------------------------------------------------
    // None of these asks who owns the ticket: they also hit one that the Marketplace holds.

    function useTicket(uint256 tokenId) external {
        require(authorizedVerifiers[msg.sender], "TicketManager: not authorized verifier");
        _requireOwned(tokenId);
        Ticket storage ticket = _tickets[tokenId];
        require(ticket.status == TicketStatus.VALID, "TicketManager: ticket not valid");
        require(
            ticket.validFrom <= block.timestamp && block.timestamp <= ticket.validUntil,
            "TicketManager: outside validity period"
        );
        _setStatus(tokenId, TicketStatus.USED);
        emit TicketUsed(tokenId, ticket.eventId, msg.sender);
    }

    function cancelTicket(uint256 tokenId, string calldata reason) external onlyOwner {
        _requireOwned(tokenId);
        require(_tickets[tokenId].status == TicketStatus.VALID, "TicketManager: ticket not valid");
        _setStatus(tokenId, TicketStatus.CANCELLED);
        emit TicketCancelled(tokenId, _tickets[tokenId].eventId, reason);
    }

    /// Tickets that are not VALID, or not past their end, are passed over.
    function expireTickets(uint256[] calldata tokenIds) external onlyOwner {
        for (uint256 i = 0; i < tokenIds.length; i++) {
            _requireOwned(tokenIds[i]);
            Ticket storage ticket = _tickets[tokenIds[i]];
            if (ticket.status == TicketStatus.VALID && block.timestamp > ticket.validUntil) {
                _setStatus(tokenIds[i], TicketStatus.EXPIRED);
            }
        }
    }

    function _setStatus(uint256 tokenId, TicketStatus status) private {
        emit TicketStatusChanged(tokenId, _tickets[tokenId].status, status);
        _tickets[tokenId].status = status;
    }

    // Settings --------------------------------------------------------------------------------

    function setTicketTransferable(uint256 tokenId, bool isTransferable) external onlyOwner {
        _requireOwned(tokenId);
        _tickets[tokenId].isTransferable = isTransferable;
    }

    function setEventPurchaseLimit(uint256 eventId, uint256 limit) external onlyOwner {
        eventPurchaseLimit[eventId] = limit;
    }

    function setMinterAuthorization(address account, bool authorized) external onlyOwner {
        authorizedMinters[account] = authorized;
        emit MinterAuthorized(account, authorized);
    }

    function setVerifierAuthorization(address account, bool authorized) external onlyOwner {
        authorizedVerifiers[account] = authorized;
        emit VerifierAuthorized(account, authorized);
    }

    function pause() external onlyOwner {
        _pause();
    }

    function unpause() external onlyOwner {
        _unpause();
    }

    // Views -----------------------------------------------------------------------------------

    function getTicketInfo(uint256 tokenId) external view returns (Ticket memory) {
        _requireOwned(tokenId);
        return _tickets[tokenId];
    }

    function isTicketValid(uint256 tokenId) external view returns (bool) {
        Ticket storage ticket = _tickets[tokenId];
        return _ownerOf(tokenId) != address(0) && ticket.status == TicketStatus.VALID
            && ticket.validFrom <= block.timestamp && block.timestamp <= ticket.validUntil;
    }

    function tokenURI(uint256 tokenId) public view override(ERC721, ERC721URIStorage) returns (string memory) {
        return super.tokenURI(tokenId);
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC721, ERC721URIStorage)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }

    function _update(address to, uint256 tokenId, address auth)
        internal
        override(ERC721, ERC721Pausable)
        returns (address from)
    {
        from = super._update(to, tokenId, auth);
        if (from != address(0)) {
            require(_tickets[tokenId].status == TicketStatus.VALID, "TicketManager: ticket not valid");
            require(_tickets[tokenId].isTransferable, "TicketManager: ticket not transferable");
        }
    }
}
