// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";

/// @notice A wallet that is a contract, for the tests: it keeps accounts of the ETH it receives, which
/// takes more than 2,300 gas, and may pass a ticket on in the very call that hands it over.
contract ContractWallet is IERC721Receiver {
    uint256 public received;
    address public passOnTo;

    receive() external payable {
        received += msg.value;
    }

    function setPassOnTo(address heir) external {
        passOnTo = heir;
    }

    /// Calls `target` as this wallet with the ETH sent along, and reverts as it reverts.
    function execute(address target, bytes calldata data) external payable {
        (bool success, bytes memory answer) = target.call{value: msg.value}(data);
        if (!success) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    function onERC721Received(address, address, uint256 tokenId, bytes calldata) external returns (bytes4) {
        if (passOnTo != address(0)) IERC721(msg.sender).transferFrom(address(this), passOnTo, tokenId);
        return IERC721Receiver.onERC721Received.selector;
    }
}
