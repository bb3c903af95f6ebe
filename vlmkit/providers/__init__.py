"""Providers: answers over HTTP, from any server that speaks a known dialect.

Takes   asks; a host's name, perhaps its address and key.   Gives  replies, text as it grows, lists of models.
May use backends; alone httpx.        Never  retries (the runner does), shows a key, sends a picture to another machine
        unless that was allowed."""
