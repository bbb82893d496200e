"""API Gateway's REST APIs."""

import zlib
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

BODY_MAX_BYTES = 10 * 1024 * 1024  # AWS's limit on a payload
WINDOW_OF = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


def mend() -> None:
    """Apply the mends of this file."""
    keep_mock_answers()
    inflate_bodies()
    limit_methods_by_their_own_settings()


def keep_mock_answers() -> None:
    """Let the mock integrations of an imported API answer with their headers.

    AWS answers as declared. ministack drops the answers on import: a browser's preflight request
    gets no CORS headers.
    """
    import_operation = apigateway_v1._import_operation

    def import_operation_and_answers(
        api_id: str, resource_id: str, method: str, operation: dict[str, Any], *rest: Any
    ) -> None:
        import_operation(api_id, resource_id, method, operation, *rest)
        integration = operation.get("x-amazon-apigateway-integration", {})
        for answer in integration.get("responses", {}).values():
            parameters = answer.get("responseParameters", {})
            apigateway_v1._put_integration_response(
                api_id,
                resource_id,
                method,
                str(answer["statusCode"]),
                {"responseParameters": parameters},
            )

    apigateway_v1._import_operation = import_operation_and_answers


def inflate_bodies() -> None:
    """Decompress a request's body before the function sees it.

    AWS does so by default ("Call an API method with a compressed payload"), for gzip, deflate and
    identity. It answers 415 when it does not know the coding or the body is not in it. ministack
    reads a compressed body as text, which destroys it.
    """
    invoke = apigateway_v1._invoke_lambda_proxy_v1

    async def invoke_inflated(*given: Any, **named: Any) -> Any:
        headers: dict[str, str] = given[7]
        body: bytes = given[8]
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding == "identity":
            return await invoke(*given, **named)
        try:
            body = _inflate(body, WINDOW_OF[coding])
        except (KeyError, zlib.error):
            return apigateway_v1._gw_error("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
        if len(body) > BODY_MAX_BYTES:
            return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        plain = {name: value for name, value in headers.items() if name != "content-encoding"}
        return await invoke(*given[:7], plain, body, *given[9:], **named)

    apigateway_v1._invoke_lambda_proxy_v1 = invoke_inflated


def limit_methods_by_their_own_settings() -> None:
    """Find the settings of a method by its path.

    In a template a slash of a ResourcePath is written ~1, and the path begins with `/~1`. ministack
    keeps it so, finds no method there, and limits each by the settings of the whole stage.
    """
    settings_of = provisioners._apigw_method_settings

    def settings_by_path(raw: Any) -> dict[str, Any]:
        return {
            key.replace("/~1", "/", 1).replace("~1", "/"): one
            for key, one in settings_of(raw).items()
        }

    provisioners._apigw_method_settings = settings_by_path


def _inflate(body: bytes, window: int) -> bytes:
    """Return the body decompressed, or one byte more than is allowed. Raise zlib.error."""
    unpacker = zlib.decompressobj(wbits=window)
    found = unpacker.decompress(body, BODY_MAX_BYTES + 1)
    if len(found) <= BODY_MAX_BYTES and not unpacker.eof:
        raise zlib.error("incomplete")
    return found
