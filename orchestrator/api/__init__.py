"""The HTTP face: /api/v1, OpenAPI 3.1, RFC 9457 problems."""
