"""The HTTP connector as models write it: Camunda 7's `http-connector`, Camunda 8's REST connector.

http-connector         url, method, headers, payload, configOptions -> statusCode, response, headers
soap-http-connector    url, headers, payload; always POST           -> the same
io.camunda:http-json:1 url, method, headers, queryParameters, body, authentication,
                       connectionTimeoutInSeconds, readTimeoutInSeconds -> status, reason, headers, body
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import urlencode

import httpx

from activities.connectors.failures import ConnectorFailure, final
from activities.connectors.http import METHODS, WITH_BODY, HttpAnswer, HttpCall

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
TEMPORARY_STATUS: Final = (408, 425, 429)


def camunda7_call(fields: Mapping[str, Any], total: float, *, soap: bool = False) -> HttpCall:
    """The call of an `http-connector`. A payload is sent with POST, PUT and PATCH only, as Camunda does."""
    method = "POST" if soap else _method(fields.get("method"), None)
    options = _map(fields.get("configOptions"), "configOptions")
    headers = _headers(fields.get("headers"))
    payload = fields.get("payload")
    content = None
    if payload not in (None, "") and method in WITH_BODY:
        content, kind = _encoded(payload, headers, "text/xml; charset=UTF-8" if soap else "text/plain; charset=UTF-8")
        headers.setdefault("Content-Type", kind)
    elif soap:
        raise final("Expected a payload for the SOAP call but there is none.")
    return HttpCall(
        method=method,
        url=_url(fields),
        headers=headers,
        content=content,
        connect_timeout=_seconds(options.get("connection-timeout"), "connection-timeout", 10_000, total, 1000),
        read_timeout=_seconds(options.get("socket-timeout"), "socket-timeout", 30_000, total, 1000),
        total=total,
    )


def throws_http_errors(fields: Mapping[str, Any]) -> bool:
    """Camunda 7's option `throw-http-error`: without it, a status of 400 and above is a result like any other."""
    options = _map(fields.get("configOptions"), "configOptions")
    return str(options.get("throw-http-error", "")).strip().lower() == "true"


def camunda7_result(answer: HttpAnswer) -> dict[str, Any]:
    """What output parameters of an `http-connector` see."""
    return {"statusCode": answer.status, "response": answer.text, "headers": answer.headers}


def camunda8_call(fields: Mapping[str, Any], total: float) -> HttpCall:
    """The call of a REST connector, without its authentication."""
    method = _method(fields.get("method"), "GET")
    headers = _headers(fields.get("headers"))
    body = fields.get("body")
    content = None
    if body not in (None, "") and method in WITH_BODY:
        content, kind = _encoded(body, headers, JSON)
        headers.setdefault("Content-Type", kind)
    return HttpCall(
        method=method,
        url=_with_query(_url(fields), _map(fields.get("queryParameters"), "queryParameters")),
        headers=headers,
        content=content,
        connect_timeout=_seconds(fields.get("connectionTimeoutInSeconds"), "connectionTimeoutInSeconds", 20, total, 1),
        read_timeout=_seconds(fields.get("readTimeoutInSeconds"), "readTimeoutInSeconds", 20, total, 1),
        total=total,
    )


def camunda8_result(answer: HttpAnswer) -> dict[str, Any]:
    """What result and error expressions of a REST connector see as `response`."""
    return {"status": answer.status, "reason": answer.reason, "headers": answer.headers, "body": parsed(answer.text)}


def identified(call: HttpCall, key: str) -> HttpCall:
    """With POST and PATCH, tell the server which attempts are the same job, unless the model says it otherwise."""
    if call.method not in ("POST", "PATCH") or any(name.lower() == "idempotency-key" for name in call.headers):
        return call
    return replace(call, headers={**call.headers, "Idempotency-Key": key})


def authenticated(call: HttpCall, authentication: Mapping[str, Any]) -> HttpCall:
    """`call` with a name and password, a bearer token or an API key. OAuth needs a call of its own: `token_call`."""
    kind = str(authentication.get("type") or "noAuth")
    match kind:
        case "noAuth":
            return call
        case "basic":
            pair = f"{_text(authentication, 'username')}:{authentication.get('password') or ''}"
            return _with_header(call, "Authorization", f"Basic {_base64(pair)}")
        case "bearer":
            return _with_header(call, "Authorization", f"Bearer {_text(authentication, 'token')}")
        case "apiKey":
            name, value = _text(authentication, "name"), _text(authentication, "value")
            if str(authentication.get("apiKeyLocation") or "headers") == "query":
                return replace(call, url=_with_query(call.url, {name: value}))
            return _with_header(call, name, value)
        case _:
            raise final(
                "Expected authentication noAuth, basic, bearer, apiKey or oauth-client-credentials-flow "
                f"but it was {kind!r}."
            )


def token_call(authentication: Mapping[str, Any], total: float) -> HttpCall:
    """The call that asks for an access token (RFC 6749, 4.4)."""
    form = {"grant_type": "client_credentials"}
    for field, name in (("audience", "audience"), ("scopes", "scope")):
        if authentication.get(field):
            form[name] = str(authentication[field])
    id, password = _text(authentication, "clientId"), _text(authentication, "clientSecret")
    headers = {"Content-Type": FORM, "Accept": JSON}
    if str(authentication.get("clientAuthentication") or "") == "credentialsBody":
        form |= {"client_id": id, "client_secret": password}
    else:
        headers["Authorization"] = f"Basic {_base64(f'{id}:{password}')}"
    return HttpCall("POST", _text(authentication, "oauthTokenEndpoint"), headers, urlencode(form).encode(), total=total)


def token_of(answer: HttpAnswer) -> str:
    """The access token in the answer to `token_call`."""
    body = parsed(answer.text)
    token = cast("dict[str, Any]", body).get("access_token") if isinstance(body, dict) else None
    if answer.status != 200 or not isinstance(token, str):
        raise ConnectorFailure(
            f"Expected an access token of the token endpoint but its status was {answer.status}.",
            temporary=is_temporary(answer.status),
            code=str(answer.status),
        )
    return token


def is_temporary(status: int) -> bool:
    """Whether a call that was answered so may succeed later."""
    return status >= 500 or status in TEMPORARY_STATUS


def retry_after(answer: HttpAnswer) -> timedelta | None:
    """The pause that the server asks for, in whole seconds, at most an hour."""
    text = answer.headers.get("retry-after", "").strip()
    if answer.status not in (429, 503) or not text.isascii() or not text.isdigit():
        return None
    return timedelta(seconds=min(int(text[:9]), 3600))


def parsed(text: str) -> Any:
    """JSON data, or the text itself when it is none."""
    if not text or text.isspace():
        return None
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _no_constant(name: str) -> Any:
    raise ValueError(f"Expected JSON but found {name}")


def _method(value: Any, default: str | None) -> str:
    text = str(value or default or "").strip().upper()
    if text not in METHODS:
        raise final(f"Expected the HTTP method {', '.join(METHODS)} but it was {text!r}.")
    return text


def _url(fields: Mapping[str, Any]) -> str:
    url = fields.get("url")
    if not isinstance(url, str) or not url.strip():
        raise final(f"Expected the url of an HTTP call but it was {url!r}.")
    return url.strip()


def _headers(value: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, item in _map(value, "headers").items():
        if item is None:
            continue
        if isinstance(item, dict | list):
            raise final(f"Expected the value of header {name!r} to be text but it was {type(item).__name__}.")
        text = str(item)
        if not name.isascii() or any(char in text or char in name for char in "\r\n\0"):
            raise final(f"Expected header {name!r} to be on one line but it was not.")
        found["Content-Type" if name.lower() == "content-type" else name] = text
    return found


def _map(value: Any, what: str) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = parsed(value)
    if not isinstance(value, dict):
        raise final(f"Expected {what} to be a map but it was {type(value).__name__}.")
    return {str(name): item for name, item in cast("dict[Any, Any]", value).items()}


def _encoded(value: Any, headers: Mapping[str, str], kind: str) -> tuple[bytes, str]:
    """The bytes of a body and their media type if the model names none."""
    if isinstance(value, str):
        return value.encode(), kind
    if isinstance(value, dict) and headers.get("Content-Type", "").startswith(FORM):
        form = {name: item for name, item in cast("dict[str, Any]", value).items() if item is not None}
        return urlencode(form, doseq=True).encode(), FORM
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), JSON


def _with_query(url: str, parameters: Mapping[str, Any]) -> str:
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in parameters.items():
        values = cast("list[Any]", value) if isinstance(value, list) else [value]
        pairs += [(name, _query_text(item)) for item in values if item is not None]
    if not pairs:
        return url
    try:
        return str(httpx.URL(url).copy_merge_params(httpx.QueryParams(pairs)))
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise final(f"Expected the URL of an HTTP call but it cannot be read: {error}") from None


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise final(f"Expected {name!r} of the authentication to be text but it was absent or something else.")
    return value


def _with_header(call: HttpCall, name: str, value: str) -> HttpCall:
    return replace(call, headers={**call.headers, **_headers({name: value})})


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _seconds(value: Any, name: str, default: float, most: float, unit: int) -> float:
    """A time limit of `value` units of 1/`unit` s, at most `most` s; 0 is the default, as in the templates."""
    if value is None or value == "":
        value = default
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise final(f"Expected {name} to be a number but it was {value!r}.") from None
    if not 0 <= number < 1e9:
        raise final(f"Expected {name} to be positive but it was {value!r}.")
    return min((number or default) / unit, most)
