// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {PlatformToken} from "./PlatformToken.sol";

/// @notice A constant-product pool of the platform token and ETH. The contract is its own LP token.
contract TokenSwap is ERC20, Ownable, ReentrancyGuard {
    address private constant ETH = address(0);
    uint256 private constant BASIS = 10_000;

    PlatformToken public immutable platformToken;
    uint256 public reserveToken;
    uint256 public reserveETH;
    /// Basis points of what comes in.
    uint256 public swapFeeRate = 30;
    /// Percent of the fee that leaves the pool's reserves.
    uint256 public protocolFeeRate = 5;
    /// Basis points that a minimum output may lie below the expected one.
    uint256 public maxSlippageRate = 1_000;
    /// Held here for the protocol, outside the reserves.
    mapping(address token => uint256) public protocolFees;

    event Swap(
        address indexed user,
        address indexed tokenIn,
        address indexed tokenOut,
        uint256 amountIn,
        uint256 amountOut,
        uint256 fee
    );
    event LiquidityAdded(address indexed provider, uint256 tokenAmount, uint256 ethAmount, uint256 liquidity);
    event LiquidityRemoved(address indexed provider, uint256 tokenAmount, uint256 ethAmount, uint256 liquidity);
    event ReservesUpdated(uint256 reserveToken, uint256 reserveETH);
    event FeeRatesUpdated(uint256 swapFeeRate, uint256 protocolFeeRate);
    event PriceUpdated(uint256 tokenPrice, uint256 ethPrice, uint256 timestamp);

    constructor(PlatformToken platformToken_) ERC20("OnlineTicket Liquidity", "OTLP") Ownable(msg.sender) {
        platformToken = platformToken_;
    }

    // Liquidity -------------------------------------------------------------------------------

    function addLiquidity(uint256 tokenAmount, uint256 minToken, uint256 minETH) external payable nonReentrant {
        require(tokenAmount > 0 && msg.value > 0, "TokenSwap: invalid input amount");
        (uint256 token, uint256 eth) = _atPoolPrice(tokenAmount, msg.value);
        require(token >= minToken && eth >= minETH, "TokenSwap: slippage too high");
        uint256 supply = totalSupply();
        uint256 liquidity = supply == 0
            ? Math.sqrt(token * eth)
            : Math.min(token * supply / reserveToken, eth * supply / reserveETH);
        require(liquidity > 0, "TokenSwap: insufficient liquidity");
        _collect(token);
        _mint(msg.sender, liquidity);
        if (msg.value > eth) payable(msg.sender).transfer(msg.value - eth);
        emit LiquidityAdded(msg.sender, token, eth, liquidity);
        _setReserves(reserveToken + token, reserveETH + eth);
    }

    function removeLiquidity(uint256 liquidity, uint256 minToken, uint256 minETH) external nonReentrant {
        require(liquidity > 0, "TokenSwap: invalid input amount");
        uint256 supply = totalSupply();
        require(supply > 0, "TokenSwap: insufficient liquidity");
        uint256 token = liquidity * reserveToken / supply;
        uint256 eth = liquidity * reserveETH / supply;
        require(token >= minToken && eth >= minETH, "TokenSwap: slippage too high");
        _burn(msg.sender, liquidity);
        require(platformToken.transfer(msg.sender, token), "TokenSwap: payment failed");
        payable(msg.sender).transfer(eth);
        emit LiquidityRemoved(msg.sender, token, eth, liquidity);
        _setReserves(reserveToken - token, reserveETH - eth);
    }

    /// What of an offer fits the ratio of the reserves; all of it if the pool is empty.
    function _atPoolPrice(uint256 token, uint256 eth) private view returns (uint256, uint256) {
        if (reserveToken == 0 || reserveETH == 0) return (token, eth);
        uint256 tokenForAllEth = eth * reserveToken / reserveETH;
        if (tokenForAllEth <= token) return (tokenForAllEth, eth);
        return (token, token * reserveETH / reserveToken);
    }

    // Swaps -----------------------------------------------------------------------------------

    function swapETHForTokens(uint256 minTokensOut) external payable nonReentrant {
        uint256 out = getTokenAmountOut(msg.value);
        _checkMinimum(out, minTokensOut);
        (uint256 fee, uint256 protocolFee) = _fees(msg.value);
        protocolFees[ETH] += protocolFee;
        require(platformToken.transfer(msg.sender, out), "TokenSwap: payment failed");
        emit Swap(msg.sender, ETH, address(platformToken), msg.value, out, fee);
        _setReserves(reserveToken - out, reserveETH + msg.value - protocolFee);
    }

    function swapTokensForETH(uint256 tokenAmountIn, uint256 minETHOut) external nonReentrant {
        uint256 out = getETHAmountOut(tokenAmountIn);
        _checkMinimum(out, minETHOut);
        (uint256 fee, uint256 protocolFee) = _fees(tokenAmountIn);
        protocolFees[address(platformToken)] += protocolFee;
        _collect(tokenAmountIn);
        payable(msg.sender).transfer(out);
        emit Swap(msg.sender, address(platformToken), ETH, tokenAmountIn, out, fee);
        _setReserves(reserveToken + tokenAmountIn - protocolFee, reserveETH - out);
    }

    function getTokenAmountOut(uint256 ethIn) public view returns (uint256) {
        return _amountOut(ethIn, reserveETH, reserveToken);
    }

    function getETHAmountOut(uint256 tokenIn) public view returns (uint256) {
        return _amountOut(tokenIn, reserveToken, reserveETH);
    }

    function _amountOut(uint256 amountIn, uint256 reserveIn, uint256 reserveOut) private view returns (uint256) {
        require(amountIn > 0, "TokenSwap: invalid input amount");
        require(reserveIn > 0 && reserveOut > 0, "TokenSwap: insufficient liquidity");
        uint256 inFee = amountIn * (BASIS - swapFeeRate);
        return inFee * reserveOut / (reserveIn * BASIS + inFee);
    }

    function _fees(uint256 amountIn) private view returns (uint256 fee, uint256 protocolFee) {
        fee = amountIn * swapFeeRate / BASIS;
        protocolFee = fee * protocolFeeRate / 100;
    }

    function _checkMinimum(uint256 expected, uint256 minimum) private view {
        require(minimum >= expected * (BASIS - maxSlippageRate) / BASIS, "TokenSwap: slippage tolerance too high");
        require(expected >= minimum, "TokenSwap: insufficient output amount");
    }

    // Platform --------------------------------------------------------------------------------

    function setFeeRates(uint256 swapFeeRate_, uint256 protocolFeeRate_) external onlyOwner {
        require(swapFeeRate_ <= 1_000 && protocolFeeRate_ <= 100, "TokenSwap: fee rate too high");
        swapFeeRate = swapFeeRate_;
        protocolFeeRate = protocolFeeRate_;
        emit FeeRatesUpdated(swapFeeRate_, protocolFeeRate_);
    }

    function setMaxSlippageRate(uint256 rate) external onlyOwner {
        require(rate <= BASIS, "TokenSwap: slippage rate too high");
        maxSlippageRate = rate;
    }

    // ------------------------------------------------------------------------------------------

    function _collect(uint256 amount) private {
        require(platformToken.transferFrom(msg.sender, address(this), amount), "TokenSwap: payment failed");
    }

    function _setReserves(uint256 token, uint256 eth) private {
        reserveToken = token;
        reserveETH = eth;
        emit ReservesUpdated(token, eth);
        if (token > 0 && eth > 0) {
            emit PriceUpdated(eth * 1e18 / token, token * 1e18 / eth, block.timestamp);
        }
    }
}
