// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Emits whatever logs the calldata describes: for load and for chaos, placed at a contract's
/// address by anvil_setCode. A record is: number of topics, four topic words (unused ones zero),
/// the data's length, the data padded to 32 bytes. Whatever is shorter, e.g. a call of a view, it
/// reverts.
contract LogEmitter {
    fallback() external {
        assembly {
            let end := calldatasize()
            if lt(end, 0xc0) { revert(0, 0) }
            for { let at := 0 } lt(at, end) {} {
                let size := calldataload(add(at, 0xa0))
                calldatacopy(0, add(at, 0xc0), size)
                let one := calldataload(add(at, 0x20))
                let two := calldataload(add(at, 0x40))
                let three := calldataload(add(at, 0x60))
                switch calldataload(at)
                case 0 { log0(0, size) }
                case 1 { log1(0, size, one) }
                case 2 { log2(0, size, one, two) }
                case 3 { log3(0, size, one, two, three) }
                default { log4(0, size, one, two, three, calldataload(add(at, 0x80))) }
                at := add(at, add(0xc0, and(add(size, 31), not(31))))
            }
        }
    }
}
