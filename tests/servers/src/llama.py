# llama.cpp's own HTTP server, out of the package xllamacpp. Arguments: the model's file; chat, embedding or rerank.
import xllamacpp

model, use = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path = model
params.model_alias = {"tiny"}
params.hostnames = ["127.0.0.1"]
params.port = 0
params.ui = False
params.offline = True
params.warmup = False
# Four requests at a time, of 4,096 tokens each.
params.n_parallel = 4
params.n_ctx = 4 * 4096
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
# Answers hang on the request alone, not on which were asked before.
params.cache_prompt = False
params.cache_ram_mib = 0
if use != "chat":
    params.embedding = True
    pooling = "LLAMA_POOLING_TYPE_MEAN" if use == "embedding" else "LLAMA_POOLING_TYPE_RANK"
    params.pooling_type = getattr(xllamacpp.llama_pooling_type, pooling)
server = xllamacpp.Server(params)
ready(server.listening_address)
threading.Event().wait()
