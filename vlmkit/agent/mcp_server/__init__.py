"""MCP server: the tools over a table, for hosts such as Claude Desktop, Cursor, LM Studio and VS Code.

Takes   tools, a table that is still to be read.       Gives  a server over standard input and output, or HTTP.
May use agent's tools and table, server, mcp.          Never  a change that nobody allowed, a path of this machine."""
