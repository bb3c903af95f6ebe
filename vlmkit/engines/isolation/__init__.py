"""Isolation: a model in a child process, where a native abort, a kill or a hang costs a few asks, and not this process.

Takes   a specification of a model, asks.                     Gives  an engine that outlives its child.
May use engines; mlx inside `child` only; pydantic.           Never  unpickles what comes from a child."""
