// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @notice Asks a contract wallet whether a signature is its own (EIP-1271), after deploying the wallet
/// if need be (EIP-6492). Never deployed: a node simulates its creation (eth_call without `to`), and
/// what would become its code is the answer: one byte, 1 or 0. So nothing it does outlives the call.
///
/// Wallets and factories are strangers. What they answer is never copied but for one word, and the gas
/// that they may burn leaves enough to say no.
contract SignatureValidator {
    uint256 private constant RESERVE = 100_000;

    /// `factory` is zero for a signature that is not wrapped as EIP-6492 says.
    constructor(address wallet, bytes32 hash, bytes memory signature, address factory, bytes memory prepare) {
        bool good = _accepts(wallet, hash, signature);
        if (!good && factory != address(0) && gasleft() > 2 * RESERVE) {
            uint256 allowance = gasleft() - RESERVE;
            assembly {
                // Its success says nothing: the wallet, if it is there now, is asked.
                pop(call(allowance, factory, 0, add(prepare, 32), mload(prepare), 0, 0))
            }
            good = _accepts(wallet, hash, signature);
        }
        assembly {
            mstore(0, good)
            return(31, 1)
        }
    }

    /// @dev isValidSignature(bytes32,bytes) answers its own selector, alone in one word. Code must be
    /// there: the identity precompile, which has none, would send our own words back.
    function _accepts(address wallet, bytes32 hash, bytes memory signature) private view returns (bool good) {
        if (wallet.code.length == 0 || gasleft() <= 2 * RESERVE) return false;
        bytes memory question = abi.encodeWithSelector(0x1626ba7e, hash, signature);
        uint256 allowance = gasleft() - RESERVE;
        assembly {
            mstore(0, 0)
            let answered := staticcall(allowance, wallet, add(question, 32), mload(question), 0, 32)
            let magic := eq(mload(0), shl(224, 0x1626ba7e))
            good := and(and(answered, eq(returndatasize(), 32)), magic)
        }
    }
}
