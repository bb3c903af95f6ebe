#!/usr/bin/env bash
# Install the clients that tests/server/test_live_clients.py runs, and the judge of test_openapi.py, one environment each,
# outside this tree:
#   bash tests/server/install_clients.sh FOLDER && VLMKIT_CLIENTS=FOLDER pytest -m live tests/server
# They want other versions of openai and pydantic than each other. Those in JavaScript need node.
set -euo pipefail
folder=${1:?name a folder for the environments}
python=${PYTHON:-python3.11}
mkdir -p "$folder"
for package in llm langchain-openai 'pydantic-ai-slim[openai]' litellm openai-agents 'smolagents[openai]'; do
    name=${package%%[*}
    [ -x "$folder/$name/bin/python" ] || "$python" -m venv "$folder/$name"
    "$folder/$name/bin/pip" install --quiet "$package"
done
[ -x "$folder/schemathesis/bin/python" ] || "$python" -m venv "$folder/schemathesis"
"$folder/schemathesis/bin/pip" install --quiet schemathesis
if command -v npm >/dev/null; then
    npm install --silent --no-audit --no-fund --prefix "$folder/openai-js" openai
    npm install --silent --no-audit --no-fund --prefix "$folder/ai-sdk" ai @ai-sdk/openai-compatible
fi
