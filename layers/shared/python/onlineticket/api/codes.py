"""Every error code there is: its HTTP status, and what it says to people, in each language.

A code is API and never changes its meaning; a sentence may. Where a sentence has `{name}`, every
place that raises the code gives that detail. tests/unit/test_codes.py compares this table with what
the source raises, both ways. The door's codes have their class and English in domain/refusals.py.
"""

from dataclasses import dataclass
from http import HTTPStatus

from onlineticket.api import requests
from onlineticket.domain import errors
from onlineticket.domain.refusals import REFUSALS

STATUS: dict[type[errors.OnlineTicketError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    requests.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    requests.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.RuleBroken: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Code:
    """`status` is None for what never leaves by HTTP: it is said to operators only."""

    status: int | None
    en: str
    zh: str


_DOOR_ZH = {
    "QR_FORGED": "这不是本平台签发的二维码。",
    "QR_EXPIRED": "二维码已过期，请持票人刷新。",
    "QR_NOT_YET_VALID": "二维码尚未生效，请出示当前的二维码。",
    "QR_ALREADY_USED": "二维码已被使用，请持票人刷新。",
    "QR_SUPERSEDED": "二维码生成后门票已转手。",
    "WRONG_EVENT": "门票不属于本终端负责的活动。",
    "WRONG_GATE": "本终端不负责该入口。",
    "TICKET_NOT_FOUND": "没有这张门票。",
    "TICKET_ALREADY_USED": "该门票已核销。",
    "TICKET_REVOKED": "该门票已被作废。",
    "TICKET_EXPIRED": "该门票已过期。",
    "TICKET_ESCROWED": "该门票正在市场挂单出售。",
    "NOT_TICKET_HOLDER": "只有持票人才能进行此操作。",
    "EVENT_NOT_FOUND": "没有这个活动。",
    "EVENT_CANCELLED": "活动已取消。",
    "TICKET_INSIDE": "持票人已在场内，离场后方可再次入场。",
    "TICKET_NOT_INSIDE": "持票人不在场内，无法离场。",
    "DOUBLE_ADMISSION": "持票人已入场，但该门票此前已核销。",
    "TOO_MANY_PASSAGES": "该门票的进出记录已满。",
    "TURNED_AWAY": "终端已拒绝入场，该门票仍可使用。",
    "SCANNED_IN_FUTURE": "扫描时间晚于当前时间。",
    "SCANNED_TOO_LONG_AGO": "扫描时间过早，无法结算。",
    "SCAN_NOT_FOUND": "没有这次扫描。",
    "NOTHING_TO_UNDO": "该次扫描没有放行任何人。",
    "ALREADY_UNDONE": "此前已经撤销。",
    "PASSED_SINCE": "该门票之后又有进出，请先撤销后来的记录。",
    "UNDO_TOO_LATE": "已超过可撤销的时间。",
    "TOO_EARLY": "尚未开放入场。",
    "TOO_LATE": "入场已经结束。",
}

CODES: dict[str, Code] = {
    # the request as such
    "BAD_REQUEST": Code(400, "The request is not valid.", "请求无效。"),
    "UNKNOWN_PARAMETER": Code(
        400, "There is no parameter {field} here.", "此处没有参数 {field}。"
    ),
    "MALFORMED_JSON": Code(400, "The body is not JSON.", "请求体不是合法的 JSON。"),
    "PAGE_INVALID": Code(
        400, "`page` is not the `next_page` of this list.", "`page` 不是此列表给出的 `next_page`。"
    ),
    "NO_SUCH_ROUTE": Code(404, "There is no such route.", "没有这个接口。"),
    "METHOD_NOT_ALLOWED": Code(
        405, "This route does not take that method.", "该接口不支持此请求方法。"
    ),
    "BODY_TOO_LARGE": Code(413, "The body is too large.", "请求体过大。"),
    "UNSUPPORTED_MEDIA_TYPE": Code(
        415, "Send JSON: content-type application/json.", "请发送 JSON（application/json）。"
    ),
    # signing in
    "TOKEN_MISSING": Code(
        401, "Sign in first: send an access token.", "请先登录，并附上访问令牌。"
    ),
    "TOKEN_INVALID": Code(
        401, "The access token is not one of ours: sign in again.", "访问令牌无效，请重新登录。"
    ),
    "TOKEN_EXPIRED": Code(401, "The access token has expired.", "访问令牌已过期。"),
    "MESSAGE_MALFORMED": Code(
        400, "Sign the message exactly as the challenge gave it.", "请原样签署登录消息。"
    ),
    "DOMAIN_MISMATCH": Code(
        401, "The message was made for another site.", "该消息是为其他网站生成的。"
    ),
    "URI_MISMATCH": Code(
        401, "The message was made for another address of the site.", "该消息对应本站的其他地址。"
    ),
    "MESSAGE_NOT_YET_VALID": Code(
        401, "The message was issued in the future.", "该消息的签发时间尚未到达。"
    ),
    "MESSAGE_EXPIRED": Code(
        401, "The message has expired: ask for a new challenge.", "消息已过期，请重新获取。"
    ),
    "REFRESH_TOKEN_INVALID": Code(
        401, "The refresh token is not one of ours.", "刷新令牌无效，请重新登录。"
    ),
    "REFRESH_TOKEN_REUSED": Code(
        401,
        "This refresh token was used before, so its session was ended: sign in again.",
        "该刷新令牌已被使用过，会话已终止，请重新登录。",
    ),
    "SESSION_EXPIRED": Code(
        401, "This session is over: sign in again.", "会话已过期，请重新登录。"
    ),
    "SESSION_REVOKED": Code(
        401, "This session was ended: sign in again.", "会话已终止，请重新登录。"
    ),
    "SESSION_NOT_FOUND": Code(404, "You have no session of that id.", "没有这个会话。"),
    "NONCE_UNKNOWN": Code(
        401,
        "The challenge was answered before or has expired: ask for a new one.",
        "登录消息已使用或已过期，请重新获取。",
    ),
    "SIGNATURE_INVALID": Code(
        401, "The wallet named in the message did not sign it.", "签名与消息中的钱包不符。"
    ),
    "CHAIN_NOT_SUPPORTED": Code(
        422, "Sign in on chain {supported}.", "请在链 {supported} 上登录。"
    ),
    # who may do what
    "NOT_AN_ADMIN": Code(403, "Only an admin may do this.", "只有管理员才能进行此操作。"),
    "NOT_THE_ORGANIZER": Code(
        403, "Only the event's own organizer may do this.", "只有该活动的主办方才能进行此操作。"
    ),
    "ORGANIZER_NOT_AUTHORIZED": Code(
        403,
        "The contracts do not list this wallet as an organizer.",
        "合约中未授权该钱包为主办方。",
    ),
    # terminals
    "VERIFIER_KEY_MISSING": Code(
        401, "Send the terminal's key as x-api-key.", "请用 x-api-key 发送终端密钥。"
    ),
    "VERIFIER_KEY_INVALID": Code(401, "The terminal's key is not valid.", "终端密钥无效。"),
    "VERIFIER_MALFORMED": Code(
        400, "The verifier's {field} can't be used.", "验票终端的 {field} 不可用。"
    ),
    "VERIFIER_NOT_FOUND": Code(404, "There is no such verifier.", "没有这个验票终端。"),
    "VERIFIER_KEY_REVOKED": Code(409, "This verifier's key is revoked.", "该终端的密钥已吊销。"),
    "VERIFIER_KEY_EXPIRED": Code(409, "This verifier's key has expired.", "该终端的密钥已过期。"),
    "VERIFIER_CHANGED_MEANWHILE": Code(
        409,
        "Somebody else changed this verifier just now: look again.",
        "该终端刚被他人修改，请重新查看。",
    ),
    "TOO_MANY_VERIFIERS": Code(
        422, "There is no room for more verifiers.", "验票终端数量已达上限。"
    ),
    "SCOPE_MISSING": Code(403, "This key lacks the scope {scope}.", "该密钥没有 {scope} 权限。"),
    "SCAN_ID_REUSED": Code(
        409, "This scan id was used for another scan.", "该扫描编号已用于另一次扫描。"
    ),
    "QR_ID_TOO_LARGE": Code(
        422, "The {field} is too large for a QR code.", "{field} 过大，无法生成二维码。"
    ),
    # what is asked for
    "SUITE_NOT_FOUND": Code(404, "There is no such contract suite.", "没有这套合约。"),
    "USER_NOT_FOUND": Code(
        404, "This wallet is not known here: sign in once more.", "未找到该钱包的用户，请重新登录。"
    ),
    "LAST_ADMIN": Code(
        409, "This is the last admin: grant another one first.", "请先任命另一位管理员。"
    ),
    "PROFILE_MALFORMED": Code(400, "`{field}` can't be kept.", "`{field}` 不可用。"),
    "LISTING_NOT_FOUND": Code(404, "There is no such listing.", "没有这个挂单。"),
    "SORT_NOT_POSSIBLE": Code(400, "This list can't be sorted so.", "此列表不支持该排序方式。"),
    "DOOR_RULES_MALFORMED": Code(
        400, "These rules of the door can't be kept.", "入场规则不可用。"
    ),
    "CURSOR_INVALID": Code(
        400, "`since` is not the `cursor` of a manifest.", "`since` 不是清单给出的 `cursor`。"
    ),
    "UNDO_MALFORMED": Code(
        400, "Name either a scan_id or a token_id.", "请给出 scan_id 或 token_id 之一。"
    ),
    "UNDO_ID_REUSED": Code(
        409, "This undo id was used for another undo.", "该撤销编号已用于另一次撤销。"
    ),
    # swaps
    "SWAP_PAIR_UNKNOWN": Code(
        422,
        "Swaps are between the platform token and ETH, which is the zero address.",
        "仅支持平台代币与 ETH（零地址）之间的兑换。",
    ),
    "SWAP_AMOUNT_ZERO": Code(422, "There is nothing to swap.", "兑换数量不能为零。"),
    "SWAP_AMOUNT_TOO_LARGE": Code(
        422, "The contract can't calculate with so much.", "数量过大，合约无法计算。"
    ),
    "SWAP_POOL_EMPTY": Code(409, "The pool is empty.", "兑换池为空。"),
    "SLIPPAGE_TOO_HIGH": Code(
        422,
        "The contract takes a slippage of {largest} basis points at most.",
        "合约允许的滑点不超过 {largest} 个基点。",
    ),
    # a dependency
    "DATABASE_UNAVAILABLE": Code(503, "The database does not answer.", "数据库暂时不可用。"),
    "DYNAMODB_UNAVAILABLE": Code(
        503, "The session and admission store does not answer.", "会话与核销存储暂时不可用。"
    ),
    "RPC_UNAVAILABLE": Code(503, "The chain's node does not answer.", "区块链节点暂时不可用。"),
    "RPC_RANGE_TOO_LARGE": Code(
        503, "The node refuses even a single block.", "节点拒绝返回哪怕一个区块的日志。"
    ),
    "OUT_OF_TIME": Code(
        503, "There was no time left for this scan; send it again.", "处理超时，请重新发送。"
    ),
    "KMS_UNAVAILABLE": Code(503, "The signing key does not answer.", "签名密钥暂时不可用。"),
    "TICKET_BUSY": Code(
        503, "Others are scanning this ticket; send the scan again.", "该门票正被多处扫描，请重试。"
    ),
    "RATE_LIMITS_UNAVAILABLE": Code(
        503, "The store of the limits does not answer.", "限流存储暂时不可用。"
    ),
    "GATEWAY_UNAVAILABLE": Code(
        503, "The gateway's usage plans can't be reached.", "网关的用量计划暂时不可用。"
    ),
    "SECRETS_UNAVAILABLE": Code(
        503, "The store of the keys does not answer.", "密钥存储暂时不可用。"
    ),
    "KEY_NOT_YET_KNOWN": Code(
        503, "The keys were just changed: try again.", "密钥刚刚更换，请重试。"
    ),
    "SUITE_NOT_REGISTERED": Code(
        503, "The contract suite is not registered yet.", "合约尚未登记。"
    ),
    # a bug of ours
    "INTERNAL_ERROR": Code(
        500, "Something broke on our side; it has been logged.", "服务器内部错误，已记录。"
    ),
    # what API Gateway answers by itself, in English: it knows no Accept-Language
    "UNAUTHORIZED": Code(401, "Send a valid key as x-api-key.", "请用 x-api-key 发送有效密钥。"),
    "FORBIDDEN": Code(403, "This key may not do that.", "该密钥无权进行此操作。"),
    "REQUEST_BLOCKED": Code(403, "The firewall refused this request.", "请求被防火墙拒绝。"),
    "TOO_MANY_REQUESTS": Code(429, "Slow down.", "请求过于频繁。"),
    "QUOTA_EXCEEDED": Code(429, "The quota is used up.", "配额已用完。"),
    "GATEWAY_TIMEOUT": Code(504, "We took too long to answer.", "服务器响应超时。"),
    # for operators
    "BAD_CONTRACTS_FILE": Code(None, "The contracts file can't be used.", "合约文件不可用。"),
    "ROTATION_STEP_UNKNOWN": Code(
        None, "Secrets Manager asked for a step that we do not know.", "未知的密钥轮换步骤。"
    ),
    "REBUILD_RUNNING": Code(
        None, "Another rebuild is at work; its rows will do.", "另一次重建正在进行。"
    ),
    "REORG_TOO_DEEP": Code(
        None,
        "None of the newest blocks indexed is on the chain any more; see README, Repair.",
        "已索引的最新区块均不在链上，见 README 的 Repair 一节。",
    ),
    "NOTHING_INDEXED": Code(None, "There is no cursor to repair.", "没有可修复的游标。"),
    "NO_COMMON_BLOCK": Code(
        None, "No block that we indexed is on this chain.", "已索引的区块都不在这条链上。"
    ),
    # the door
    **{
        code: Code(STATUS[kind].value, english, _DOOR_ZH.get(code, ""))
        for code, (kind, english) in REFUSALS.items()
    },
}  # fmt: skip
