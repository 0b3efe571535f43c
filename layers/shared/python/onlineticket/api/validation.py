"""What a value that breaks its type's rules is told, in each language.

Pydantic's own sentences are the English ones; its error types, which are stable, lead to the
others (pydantic's documentation, "Validation errors").
"""

from collections.abc import Mapping
from typing import Any

from onlineticket.api.languages import Language

_ZH = {
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "datetime_from_date_parsing": "应为 RFC 3339 时间",
    "datetime_parsing": "应为 RFC 3339 时间",
    "datetime_type": "应为 RFC 3339 时间",
    "extra_forbidden": "没有这个字段",
    "finite_number": "应为有限的数",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "int_from_float": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "应为整数，且不能过大",
    "int_type": "应为整数",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "list_type": "应为数组",
    "literal_error": "应为 {expected}",
    "missing": "缺少此项",
    "object": "应为 JSON 对象",
    "string_pattern_mismatch": "格式应为 {pattern}",
    "string_too_long": "最多 {max_length} 个字符",
    "string_too_short": "至少 {min_length} 个字符",
    "string_type": "应为字符串",
    "string_unicode": "应为合法的 Unicode 文本",
    "timezone_aware": "时间应带时区",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "unicode": "应为合法的 Unicode 文本",
    "uuid_parsing": "应为 UUID",
    "uuid_type": "应为 UUID",
}
_EN = {
    "object": "The body should be a JSON object",
    "unicode": "Text should be Unicode without U+0000",
}
"""Only for what is not pydantic's."""


def field_of(problem: Mapping[str, Any]) -> str:
    """Where, as in `body.address` or `query.limit`."""
    return ".".join(str(part) for part in problem["loc"])


def sentence(field: str, problem: Mapping[str, Any], language: Language) -> str:
    """`problem` as pydantic lists it: `type`, and where they say more, `msg` and `ctx`."""
    type_ = problem["type"]
    if language == "en":
        return f"{field}: {problem.get('msg') or _EN.get(type_, 'This value is not valid')}."
    template = _ZH.get(type_, "该值无效")
    try:
        return f"{field}：{template.format_map(problem.get('ctx') or {})}。"
    except KeyError:
        return f"{field}：该值无效。"
