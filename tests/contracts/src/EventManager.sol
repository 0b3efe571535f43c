// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {PlatformToken} from "./PlatformToken.sol";
import {TicketManager} from "./TicketManager.sol";

/// @notice Events, their ticket types and the first sale. Event ids start at 1, type ids at 0.
/// Much of what it does leaves no log; the backend must live with that, so this contract does it too.
contract EventManager is Ownable, Pausable, ReentrancyGuard {
    enum EventStatus { DRAFT, PUBLISHED, PRESALE, ONSALE, SOLD_OUT, CANCELLED, ENDED, SETTLED }

    struct Event {
        string name;
        string description;
        string imageURI;
        string venue;
        address organizer;
        uint256 startTime;
        uint256 endTime;
        EventStatus status;
        uint256 createdAt;
        uint256 totalTicketTypes;
        uint256 totalRevenue;
        uint256 totalEthRevenue;
        bool requiresApproval;
        bool isApproved;
    }

    struct TicketType {
        string name;
        uint256 price;
        uint256 ethPrice;
        uint256 totalSupply;
        uint256 sold;
        uint256 presaleStart;
        uint256 saleStart;
        uint256 saleEnd;
        bool isTransferable;
        bool presaleOnly;
    }

    TicketManager public immutable ticketManager;
    PlatformToken public immutable platformToken;

    mapping(address organizer => bool) public authorizedOrganizers;
    mapping(uint256 eventId => mapping(uint256 typeId => mapping(address user => bool))) public isInPresaleWhitelist;
    /// What organizers may withdraw: their sales less the fee.
    mapping(address organizer => mapping(bool isEth => uint256)) public pendingRevenue;
    mapping(bool isEth => uint256) public collectedFees;
    /// Basis points of the price, inside it.
    uint256 public platformFeeRate = 250;

    uint256 private _lastEventId;
    mapping(uint256 eventId => Event) private _events;
    mapping(uint256 eventId => mapping(uint256 typeId => TicketType)) private _types;

    event EventCreated(
        uint256 indexed eventId, address indexed organizer, string name, uint256 startTime, uint256 endTime
    );
    event EventUpdated(uint256 indexed eventId, EventStatus oldStatus, EventStatus newStatus);
    event EventApproved(uint256 indexed eventId, bool approved);
    event TicketTypeAdded(
        uint256 indexed eventId, uint256 indexed typeId, string name, uint256 price, uint256 totalSupply
    );
    event TicketPurchased(
        uint256 indexed eventId,
        uint256 indexed typeId,
        address indexed buyer,
        uint256 quantity,
        uint256 totalCost,
        bool paidWithEth
    );
    event OrganizerAuthorized(address indexed organizer, bool authorized);
    event RevenueWithdrawn(address indexed organizer, uint256 amount, bool isEth);
    event EmergencyWithdraw(address indexed token, uint256 amount);

    /// The event's organizer keeps this right when no longer authorized to create events.
    modifier onlyEventOrganizer(uint256 eventId) {
        require(
            msg.sender == _event(eventId).organizer || msg.sender == owner(), "EventManager: not event organizer"
        );
        _;
    }

    constructor(TicketManager ticketManager_, PlatformToken platformToken_) Ownable(msg.sender) {
        ticketManager = ticketManager_;
        platformToken = platformToken_;
    }

    // Events ----------------------------------------------------------------------------------

    function createEvent(
        string calldata name,
        string calldata description,
        string calldata imageURI,
        string calldata venue,
        uint256 startTime,
        uint256 endTime,
        bool requiresApproval
    ) external whenNotPaused returns (uint256) {
        require(
            authorizedOrganizers[msg.sender] || msg.sender == owner(), "EventManager: not authorized organizer"
        );
        require(bytes(name).length > 0, "EventManager: empty name");
        require(startTime > block.timestamp, "EventManager: invalid start time");
        require(endTime > startTime, "EventManager: invalid end time");
        uint256 eventId = ++_lastEventId;
        Event storage e = _events[eventId];
        e.name = name;
        e.description = description;
        e.imageURI = imageURI;
        e.venue = venue;
        e.organizer = msg.sender;
        e.startTime = startTime;
        e.endTime = endTime;
        e.createdAt = block.timestamp;
        e.requiresApproval = requiresApproval;
        e.isApproved = !requiresApproval;
        e.status = requiresApproval ? EventStatus.DRAFT : EventStatus.PUBLISHED;
        emit EventCreated(eventId, msg.sender, name, startTime, endTime);
        return eventId;
    }

    /// No log at all. The end is compared with the start that was passed, not with the one in force.
    function updateEvent(
        uint256 eventId,
        string calldata name,
        string calldata description,
        string calldata imageURI,
        string calldata venue,
        uint256 startTime,
        uint256 endTime
    ) external onlyEventOrganizer(eventId) {
        Event storage e = _events[eventId];
        require(e.status <= EventStatus.PUBLISHED, "EventManager: event not editable");
        if (bytes(name).length > 0) e.name = name;
        if (bytes(description).length > 0) e.description = description;
        if (bytes(imageURI).length > 0) e.imageURI = imageURI;
        if (bytes(venue).length > 0) e.venue = venue;
        if (startTime > block.timestamp) e.startTime = startTime;
        if (endTime > startTime) e.endTime = endTime;
    }

    function approveEvent(uint256 eventId, bool approved) external onlyOwner {
        _event(eventId).isApproved = approved;
        emit EventApproved(eventId, approved);
    }

    function updateEventStatus(uint256 eventId, EventStatus newStatus) external onlyEventOrganizer(eventId) {
        require(_mayMove(_events[eventId].status, newStatus), "EventManager: invalid status transition");
        _move(eventId, newStatus);
    }

    function addTicketType(
        uint256 eventId,
        string calldata name,
        uint256 price,
        uint256 ethPrice,
        uint256 totalSupply,
        uint256 presaleStart,
        uint256 saleStart,
        uint256 saleEnd,
        bool isTransferable,
        bool presaleOnly
    ) external onlyEventOrganizer(eventId) returns (uint256) {
        require(_events[eventId].status <= EventStatus.ONSALE, "EventManager: event not editable");
        require(price > 0, "EventManager: invalid price");
        require(totalSupply > 0, "EventManager: invalid supply");
        require(presaleStart <= saleStart && saleStart < saleEnd, "EventManager: invalid sale period");
        uint256 typeId = _events[eventId].totalTicketTypes++;
        _types[eventId][typeId] = TicketType(
            name, price, ethPrice, totalSupply, 0, presaleStart, saleStart, saleEnd, isTransferable, presaleOnly
        );
        emit TicketTypeAdded(eventId, typeId, name, price, totalSupply);
        return typeId;
    }

    function addToPresaleWhitelist(uint256 eventId, uint256 typeId, address[] calldata users)
        external
        onlyEventOrganizer(eventId)
    {
        _type(eventId, typeId);
        for (uint256 i = 0; i < users.length; i++) {
            isInPresaleWhitelist[eventId][typeId][users[i]] = true;
        }
    }

    // First sale ------------------------------------------------------------------------------

    function purchaseTickets(uint256 eventId, uint256 typeId, uint256 quantity, uint256[] calldata seatNumbers)
        external
        nonReentrant
        whenNotPaused
    {
        TicketType storage t = _openType(eventId, typeId, quantity);
        require(seatNumbers.length == quantity, "EventManager: seat count mismatch");
        uint256 cost = t.price * quantity;
        require(platformToken.transferFrom(msg.sender, address(this), cost), "EventManager: payment failed");
        _events[eventId].totalRevenue += cost;
        _book(eventId, cost, false);
        _mint(eventId, typeId, quantity, seatNumbers);
        emit TicketPurchased(eventId, typeId, msg.sender, quantity, cost, false);
        if (_allSold(eventId)) _move(eventId, EventStatus.SOLD_OUT);
    }

    /// Never sets SOLD_OUT, and takes as many of `seatNumbers` as it needs: too few is a Panic(0x32).
    function purchaseTicketsWithEth(
        uint256 eventId,
        uint256 typeId,
        uint256 quantity,
        uint256[] calldata seatNumbers
    ) external payable nonReentrant whenNotPaused {
        TicketType storage t = _openType(eventId, typeId, quantity);
        require(t.ethPrice > 0, "EventManager: not for sale in ETH");
        uint256 cost = t.ethPrice * quantity;
        require(msg.value >= cost, "EventManager: insufficient ETH");
        _events[eventId].totalEthRevenue += cost;
        _book(eventId, cost, true);
        _mint(eventId, typeId, quantity, seatNumbers);
        // 2,300 gas: a contract wallet that keeps accounts of its receipts can't be refunded.
        if (msg.value > cost) payable(msg.sender).transfer(msg.value - cost);
        emit TicketPurchased(eventId, typeId, msg.sender, quantity, cost, true);
    }

    function withdrawRevenue(bool isEth) external nonReentrant {
        uint256 amount = pendingRevenue[msg.sender][isEth];
        require(amount > 0, "EventManager: no revenue");
        pendingRevenue[msg.sender][isEth] = 0;
        _pay(msg.sender, amount, isEth);
        emit RevenueWithdrawn(msg.sender, amount, isEth);
    }

    function _openType(uint256 eventId, uint256 typeId, uint256 quantity)
        private
        view
        returns (TicketType storage t)
    {
        Event storage e = _event(eventId);
        t = _type(eventId, typeId);
        require(e.isApproved, "EventManager: event not approved");
        if (t.presaleStart <= block.timestamp && block.timestamp < t.saleStart) {
            require(e.status == EventStatus.PRESALE, "EventManager: presale not open");
            require(isInPresaleWhitelist[eventId][typeId][msg.sender], "EventManager: not in presale whitelist");
        } else {
            require(t.saleStart <= block.timestamp && block.timestamp <= t.saleEnd, "EventManager: sale not open");
            require(
                e.status == EventStatus.ONSALE || e.status == EventStatus.PRESALE, "EventManager: sale not open"
            );
            require(!t.presaleOnly, "EventManager: presale only");
        }
        require(quantity > 0, "EventManager: invalid quantity");
        require(quantity <= t.totalSupply - t.sold, "EventManager: insufficient supply");
    }

    function _book(uint256 eventId, uint256 cost, bool isEth) private {
        uint256 fee = cost * platformFeeRate / 10_000;
        collectedFees[isEth] += fee;
        pendingRevenue[_events[eventId].organizer][isEth] += cost - fee;
    }

    function _mint(uint256 eventId, uint256 typeId, uint256 quantity, uint256[] calldata seatNumbers) private {
        Event storage e = _events[eventId];
        TicketType storage t = _types[eventId][typeId];
        t.sold += quantity;
        address[] memory recipients = new address[](quantity);
        uint256[] memory seats = new uint256[](quantity);
        string[] memory uris = new string[](quantity);
        for (uint256 i = 0; i < quantity; i++) {
            recipients[i] = msg.sender;
            seats[i] = seatNumbers[i];
            uris[i] = e.imageURI;
        }
        ticketManager.batchMintTickets(
            recipients, eventId, seats, t.price, typeId, e.startTime, e.endTime, t.isTransferable, t.name, uris
        );
    }

    function _allSold(uint256 eventId) private view returns (bool) {
        for (uint256 i = 0; i < _events[eventId].totalTicketTypes; i++) {
            if (_types[eventId][i].sold < _types[eventId][i].totalSupply) return false;
        }
        return true;
    }

    // Platform --------------------------------------------------------------------------------

    function authorizeOrganizer(address organizer, bool authorized) external onlyOwner {
        authorizedOrganizers[organizer] = authorized;
        emit OrganizerAuthorized(organizer, authorized);
    }

    function setPlatformFeeRate(uint256 rate) external onlyOwner {
        require(rate <= 1_000, "EventManager: fee rate too high");
        platformFeeRate = rate;
    }

    function emergencyWithdraw(bool isEth) external onlyOwner {
        uint256 amount = collectedFees[isEth];
        collectedFees[isEth] = 0;
        _pay(msg.sender, amount, isEth);
        emit EmergencyWithdraw(isEth ? address(0) : address(platformToken), amount);
    }

    function pause() external onlyOwner {
        _pause();
    }

    function unpause() external onlyOwner {
        _unpause();
    }

    function _pay(address to, uint256 amount, bool isEth) private {
        if (isEth) payable(to).transfer(amount);
        else require(platformToken.transfer(to, amount), "EventManager: payment failed");
    }

    // Views -----------------------------------------------------------------------------------

    function getEventInfo(uint256 eventId)
        external
        view
        returns (
            string memory name,
            string memory description,
            string memory imageURI,
            string memory venue,
            address organizer,
            uint256 startTime,
            uint256 endTime,
            EventStatus status,
            uint256 createdAt,
            uint256 totalTicketTypes,
            uint256 totalRevenue,
            uint256 totalEthRevenue,
            bool requiresApproval,
            bool isApproved
        )
    {
        Event storage e = _event(eventId);
        return (
            e.name,
            e.description,
            e.imageURI,
            e.venue,
            e.organizer,
            e.startTime,
            e.endTime,
            e.status,
            e.createdAt,
            e.totalTicketTypes,
            e.totalRevenue,
            e.totalEthRevenue,
            e.requiresApproval,
            e.isApproved
        );
    }

    function getTicketTypeInfo(uint256 eventId, uint256 typeId)
        external
        view
        returns (
            string memory name,
            uint256 price,
            uint256 ethPrice,
            uint256 totalSupply,
            uint256 sold,
            uint256 presaleStart,
            uint256 saleStart,
            uint256 saleEnd,
            bool isTransferable,
            bool presaleOnly
        )
    {
        TicketType storage t = _type(eventId, typeId);
        return (
            t.name,
            t.price,
            t.ethPrice,
            t.totalSupply,
            t.sold,
            t.presaleStart,
            t.saleStart,
            t.saleEnd,
            t.isTransferable,
            t.presaleOnly
        );
    }

    function _event(uint256 eventId) private view returns (Event storage e) {
        e = _events[eventId];
        require(e.organizer != address(0), "EventManager: event does not exist");
    }

    function _type(uint256 eventId, uint256 typeId) private view returns (TicketType storage) {
        require(typeId < _event(eventId).totalTicketTypes, "EventManager: ticket type does not exist");
        return _types[eventId][typeId];
    }

    function _move(uint256 eventId, EventStatus newStatus) private {
        emit EventUpdated(eventId, _events[eventId].status, newStatus);
        _events[eventId].status = newStatus;
    }

    function _mayMove(EventStatus from, EventStatus to) private pure returns (bool) {
        if (from == EventStatus.ENDED) return to == EventStatus.SETTLED;
        if (from == EventStatus.CANCELLED || from == EventStatus.SETTLED) return false;
        if (to == EventStatus.CANCELLED) return true;
        if (from == EventStatus.DRAFT) return to == EventStatus.PUBLISHED;
        if (from == EventStatus.PUBLISHED) return to == EventStatus.PRESALE || to == EventStatus.ONSALE;
        if (from == EventStatus.PRESALE) return to == EventStatus.ONSALE || to == EventStatus.SOLD_OUT;
        if (from == EventStatus.ONSALE) return to == EventStatus.SOLD_OUT || to == EventStatus.ENDED;
        return to == EventStatus.ENDED; // from SOLD_OUT
    }
}
