"""An MCP server as they were written by hand in 2024: it knows the handshake alone, and starts at once.

--strict    end where the first message is another than the handshake
--silent    say nothing to messages that it does not know
--exit      write to the error output, and end
--hang      say nothing at all
--noise     greet on the output, in another encoding
--pages     list its tools on several pages
--endless   list tools without end
--lie       answer with data that are not of the promised kind
"""

import json
import os
import sys
import time

OPTIONS = set(sys.argv[1:])


def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def tool(name):
    return {"name": name, "description": name, "inputSchema": {"type": "object", "properties": {"text": {}}}}


def page(cursor):
    names = ["echo", "pid", "env", "end"]
    if "--pages" in OPTIONS:
        last = int(cursor or 0)
        more = {"nextCursor": str(last + 1)} if last + 1 < len(names) else {}
        return {"tools": [tool(names[last])], **more}
    if "--endless" in OPTIONS:
        return {"tools": [tool("echo")], "nextCursor": "more"}
    if "--lie" in OPTIONS:
        schema = {"type": "object", "properties": {"text": {"type": "integer"}}}
        return {"tools": [{**tool("echo"), "outputSchema": schema}]}
    return {"tools": [*map(tool, names), tool("echo"), tool(" ")]}


def call(name, arguments):
    if name == "end":
        os._exit(0)
    said = {"echo": arguments.get("text"), "pid": os.getpid(), "env": " ".join(sorted(os.environ))}[name]
    data = {"structuredContent": {"text": said}} if "--lie" in OPTIONS else {}
    return {"content": [{"type": "text", "text": str(said)}], **data}


def answer(message):
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        info = {"name": "old", "version": "1"}
        return {"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return page(params.get("cursor"))
    if method == "tools/call":
        return call(params["name"], params.get("arguments", {}))
    return None


def main():
    if "--exit" in OPTIONS:
        sys.exit("missing KEY")
    if "--hang" in OPTIONS:
        sys.stderr.write("still warming up\n")
        time.sleep(100)
    if "--noise" in OPTIONS:
        sys.stdout.buffer.write("Grüße!\n".encode("latin-1"))
    for line in sys.stdin:
        message = json.loads(line)
        if "--strict" in OPTIONS and message["method"] != "initialize":
            sys.exit("expected initialize")
        OPTIONS.discard("--strict")
        result = answer(message)
        if result is not None:
            send(id=message["id"], result=result)
        elif "id" in message and "--silent" not in OPTIONS:
            send(id=message["id"], error={"code": -32601, "message": "Method not found"})


main()
