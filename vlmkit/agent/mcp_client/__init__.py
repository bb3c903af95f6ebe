"""MCP client: servers of other people, whose tools an agent may call.

Takes   addresses and commands, mcp.json.              Gives  tools, and faults of servers that do not work.
May use agent's tools and results, mcp.                Never  a call made twice, a key in a message."""
