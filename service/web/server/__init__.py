"""Connections, parsing and admission: from a client's bytes to `dispatch`, by the fast path or by Flask."""
