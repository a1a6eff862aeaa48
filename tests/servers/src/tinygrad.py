# tinygrad's own server. Argument: the model's file.
# It makes its machine code itself: the other ways want a compiler that is not everywhere.
os.environ["DEV"] = "CPU:X86"
# What it compiles is not kept in the user's folders.
os.environ["CACHELEVEL"] = "0"
sys.argv = ["tinygrad", "--model", sys.argv[1], "--max_context", "1024", "--serve", "8000"]

from tinygrad.llm import cli


class Server(cli.LLMServer):
    def __init__(self, _, *rest):
        super().__init__(("127.0.0.1", 0), *rest)
        ready("http://127.0.0.1:%d" % self.server_address[1])


cli.LLMServer = Server
cli.main()
