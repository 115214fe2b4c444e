"""Tests in a real browser: Chromium, driven as a person would drive it, over a real server on a real store."""
