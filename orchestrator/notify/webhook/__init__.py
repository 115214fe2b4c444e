"""Webhooks: signed HTTPS requests to hosts that are allow-listed."""

from orchestrator.notify.webhook.addresses import Networks
from orchestrator.notify.webhook.channel import WebhookChannel
from orchestrator.notify.webhook.settings import HookHost, HookSettings, key

__all__ = ["HookHost", "HookSettings", "Networks", "WebhookChannel", "key"]
