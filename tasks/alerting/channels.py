"""Chats and webhooks, through apprise: DingTalk, WeCom, Feishu and whatever else it knows."""

from __future__ import annotations

import json
import logging


def notify(url: str, message: bytes) -> str | None:
    """Post a message to a channel; return what went wrong, never with the address in it.

    Args:
        url: An address of apprise; it mostly holds a secret.
        message: JSON with `title` and `body`.
    """
    import apprise  # its import takes a second, and most runs post nothing

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses
    channel = apprise.Apprise()
    if not channel.add(url):
        scheme = url.partition("://")[0]
        return f"expected an address that apprise knows, found a faulty one of {scheme}://"
    content = json.loads(message)
    is_taken = channel.notify(
        title=content["title"], body=content["body"], body_format=apprise.NotifyFormat.TEXT
    )
    return None if is_taken else "the channel did not take it; check its key and the network"
