"""Run llama.cpp's server, as the package xllamacpp builds it in: `python llama_server.py GGUF NAME PORT [embeddings]`."""

import signal
import sys

import xllamacpp


def main(path, name, port, *kinds):
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {name}
    params.n_ctx = 2048
    params.n_parallel = 2
    params.kv_unified = True  # llama-server's default; without it the mean of a text that comes with a shorter one is wrong
    params.port = int(port)
    if "embeddings" in kinds:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
