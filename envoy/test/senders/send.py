"""Sends the lines of a file by a client for Python: send.py CLIENT URL FILE.

Each client is used as its own documentation does. What a client calls an error ends the program.
"""

import logging
import sys


def lines(file):
    with open(file, encoding="utf-8", errors="surrogateescape") as opened:
        return [line.rstrip("\n") for line in opened]


def elasticsearch(url, texts):
    import elasticsearch.helpers

    client = elasticsearch.Elasticsearch(url, max_retries=0)
    actions = ({"_index": "logs", "log": text} for text in texts)
    elasticsearch.helpers.bulk(client, actions, chunk_size=20)


def opensearch(url, texts):
    import opensearchpy.helpers

    client = opensearchpy.OpenSearch(url, max_retries=0)
    actions = ({"_index": "logs", "log": text} for text in texts)
    opensearchpy.helpers.bulk(client, actions, chunk_size=20)


def opentelemetry(url, texts):
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    packings = {"plain": Compression.NoCompression, "gzip": Compression.Gzip}
    exporter = OTLPLogExporter(
        endpoint=url + "/v1/logs", compression=packings[url.rpartition("/")[2]]
    )
    provider = LoggerProvider()
    provider.add_log_record_processor(
        BatchLogRecordProcessor(exporter, max_queue_size=len(texts))
    )
    logger = provider.get_logger("kernel")
    for text in texts:
        logger.emit(body=text)
    provider.shutdown()


def loki(url, texts):
    import logging_loki

    def fail(self, record):
        raise

    handler = logging_loki.LokiHandler(
        url=url + "/loki/api/v1/push", tags={"host": "node1"}, version="1"
    )
    logging_loki.LokiHandler.handleError = fail
    logger = logging.getLogger("kernel")
    logger.addHandler(handler)
    for text in texts:
        # As an argument, for a text may have a per cent sign.
        logger.warning("%s", text)


CLIENTS = {it.__name__: it for it in [elasticsearch, opensearch, opentelemetry, loki]}

if __name__ == "__main__":
    _, name, url, file = sys.argv
    CLIENTS[name](url, lines(file))
