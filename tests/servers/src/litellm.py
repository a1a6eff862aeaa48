# LiteLLM's gateway. Argument: its configuration's file.
import asyncio
import socket

os.environ["CONFIG_FILE_PATH"] = sys.argv[1]
# Else it asks the network for a list of prices, three times, before it starts.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_TELEMETRY"] = "False"

import uvicorn
from litellm.proxy.proxy_server import app

listener = socket.create_server(("127.0.0.1", 0), backlog=512)


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        ready("http://127.0.0.1:%d" % listener.getsockname()[1])
        os.remove(sys.argv[1])  # it has the addresses of this run


asyncio.run(Server(uvicorn.Config(app, log_level="warning")).serve(sockets=[listener]))
