"""Makes a client from the contract's proto files, and another from nothing but reflection, and calls every service."""

import importlib
import os
import re
import sys
import tempfile
from pathlib import Path

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

PROTOS = Path(os.environ["PROTOS"])
KEY = os.environ["API_KEY"]
AUTH = (("authorization", "Api-Key " + KEY),)
MODEL = "gpt://0/chat-default/latest"


def generate(folder):
    """Generates the contract; what other packages bring (google, grpc) is taken from them."""
    files = [str(path.relative_to(PROTOS)) for path in (PROTOS / "yandex").rglob("*.proto")]
    failed = protoc.main(["", f"-I{PROTOS}", f"-I{well_known()}", f"--python_out={folder}", f"--grpc_python_out={folder}", *files])
    assert failed == 0, "protoc"
    for path in [Path(folder, "yandex"), *Path(folder, "yandex").rglob("*/")]:
        Path(path, "__init__.py").touch()
    sys.path.insert(0, folder)


def well_known():
    return Path(importlib.import_module("grpc_tools").__file__).parent / "_proto"


def load(name):
    return importlib.import_module("yandex.cloud." + name)


scratch = tempfile.TemporaryDirectory()
generate(scratch.name)
common = load("ai.foundation_models.v1.text_common_pb2")
text = load("ai.foundation_models.v1.text_generation.text_generation_service_pb2")
text_rpc = load("ai.foundation_models.v1.text_generation.text_generation_service_pb2_grpc")
embedding = load("ai.foundation_models.v1.embedding.embedding_service_pb2")
embedding_rpc = load("ai.foundation_models.v1.embedding.embedding_service_pb2_grpc")
classes = load("ai.foundation_models.v1.text_classification.text_classification_service_pb2")
classes_rpc = load("ai.foundation_models.v1.text_classification.text_classification_service_pb2_grpc")
operations = load("operation.operation_service_pb2")
operations_rpc = load("operation.operation_service_pb2_grpc")
endpoints = load("endpoint.api_endpoint_service_pb2")
endpoints_rpc = load("endpoint.api_endpoint_service_pb2_grpc")


def connect(**more):
    ca = os.environ.get("CA_FILE")
    if ca is None:
        return grpc.insecure_channel(os.environ["GRPC"], **more)
    return grpc.secure_channel(os.environ["GRPC"], grpc.ssl_channel_credentials(Path(ca).read_bytes()), **more)


channel = connect()
generation = text_rpc.TextGenerationServiceStub(channel)


def asked(prompt="Say hello.", tokens=6, stream=False):
    request = text.CompletionRequest(model_uri=MODEL, messages=[common.Message(role="user", text=prompt)])
    request.completion_options.stream = stream
    request.completion_options.temperature.value = 0
    request.completion_options.max_tokens.value = tokens
    return request


def whole_answer():
    [answer] = generation.Completion(asked(), metadata=AUTH)
    [alternative] = answer.alternatives
    assert alternative.message.role == "assistant" and alternative.message.text
    assert answer.usage.total_tokens == answer.usage.input_text_tokens + answer.usage.completion_tokens > 0
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4}", answer.model_version), answer.model_version


def stream_of_growing_texts():
    answers = list(generation.Completion(asked(stream=True), metadata=AUTH))
    texts = [answer.alternatives[0].message.text for answer in answers]
    statuses = [answer.alternatives[0].status for answer in answers]
    assert len(texts) > 2
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:])), texts
    assert set(statuses[:-1]) == {common.Alternative.ALTERNATIVE_STATUS_PARTIAL}
    assert statuses[-1] == common.Alternative.ALTERNATIVE_STATUS_TRUNCATED_FINAL
    assert answers[-1].usage.completion_tokens == 6


def operation():
    submit = text_rpc.TextGenerationAsyncServiceStub(channel).Completion
    service = operations_rpc.OperationServiceStub(channel)
    key = AUTH + (("idempotency-key", os.urandom(8).hex()),)
    begun = submit(asked(), metadata=key)
    assert submit(asked(), metadata=key).id == begun.id
    refused(grpc.StatusCode.ABORTED, lambda: submit(asked("Something else."), metadata=key))
    request = operations.GetOperationRequest(operation_id=begun.id)
    while not (now := service.Get(request, metadata=AUTH)).done:
        pass
    answer = text.CompletionResponse()
    assert now.response.Unpack(answer) and answer.alternatives[0].message.text
    long = submit(asked("Count to a thousand.", 4000), metadata=AUTH)
    service.Cancel(operations.CancelOperationRequest(operation_id=long.id), metadata=AUTH)
    request = operations.GetOperationRequest(operation_id=long.id)
    while not (now := service.Get(request, metadata=AUTH)).done:
        pass
    assert now.WhichOneof("result") == "error" and now.error.code == grpc.StatusCode.CANCELLED.value[0], now


def tokens():
    service = text_rpc.TokenizerServiceStub(channel)
    plain = service.Tokenize(text.TokenizeRequest(model_uri=MODEL, text="a cup of tea"), metadata=AUTH)
    assert "".join(token.text for token in plain.tokens if not token.special) == "a cup of tea", plain
    prompt = service.TokenizeCompletion(asked("a cup of tea"), metadata=AUTH)
    assert len(prompt.tokens) > len(plain.tokens) and any(token.special for token in prompt.tokens)
    [answer] = generation.Completion(asked("a cup of tea"), metadata=AUTH)
    assert answer.usage.input_text_tokens == len(prompt.tokens)


def vector():
    request = embedding.TextEmbeddingRequest(model_uri="emb://0/embedding-default/latest", text="tea")
    answer = embedding_rpc.EmbeddingsServiceStub(channel).TextEmbedding(request, metadata=AUTH)
    assert len(answer.embedding) == 384 and answer.num_tokens > 0
    assert abs(sum(value * value for value in answer.embedding) - 1) < 1e-3


def classification():
    service = classes_rpc.TextClassificationServiceStub(channel)
    uri = "cls://0/chat-default/latest"
    request = classes.FewShotTextClassificationRequest(
        model_uri=uri, task_description="Tell the topic.", labels=["tea", "law"], text="A hot cup."
    )
    answer = service.FewShotClassify(request, metadata=AUTH)
    assert [one.label for one in answer.predictions] == ["tea", "law"]
    assert abs(sum(one.confidence for one in answer.predictions) - 1) < 1e-9
    tuned = classes.TextClassificationRequest(model_uri=uri, text="A hot cup.")
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: service.Classify(tuned, metadata=AUTH))


def addresses():
    service = endpoints_rpc.ApiEndpointServiceStub(channel)
    listed = {one.id: one.address for one in service.List(endpoints.ListApiEndpointsRequest()).endpoints}
    assert {"ai-foundation-models", "operation", "endpoint"} <= set(listed)
    assert set(listed.values()) == {os.environ["GRPC"]}, listed
    one = service.Get(endpoints.GetApiEndpointRequest(api_endpoint_id="operation"))
    assert one.address == listed["operation"]


def batch_is_not_served():
    request = text.BatchCompletionRequest(model_uri=MODEL, source_dataset_id="d")
    service = text_rpc.TextGenerationBatchServiceStub(channel)
    refused(grpc.StatusCode.UNIMPLEMENTED, lambda: service.Completion(request, metadata=AUTH))


def keys_in_every_spelling():
    for scheme in ("Api-Key", "api-key", "API-KEY", "Bearer", "bearer"):
        assert list(generation.Completion(asked(tokens=1), metadata=(("authorization", f"{scheme} {KEY}"),)))
    for metadata in ((), (("authorization", "Api-Key smv_wrong"),), (("authorization", "Basic " + KEY),)):
        refused(grpc.StatusCode.UNAUTHENTICATED, lambda: list(generation.Completion(asked(), metadata=metadata)))
    elsewhere = AUTH + (("x-folder-id", "elsewhere"),)
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: list(generation.Completion(asked(), metadata=elsewhere)))


def request_names():
    call = generation.Completion(asked(tokens=1), metadata=AUTH + (("x-client-request-id", "my-name-1"),))
    named(dict(call.initial_metadata()), "my-name-1")
    assert list(call)
    wrong = text.CompletionRequest(model_uri="gpt://0/nothing/latest", messages=asked().messages)
    call = generation.Completion(wrong, metadata=AUTH + (("x-client-request-id", "my-name-2"),))
    refused(grpc.StatusCode.NOT_FOUND, lambda: list(call))
    named({**dict(call.initial_metadata()), **dict(call.trailing_metadata())}, "my-name-2")


def named(metadata, client_name):
    assert metadata["x-client-request-id"] == client_name
    assert re.fullmatch(r"[0-9a-f-]{36}", metadata["x-request-id"]), metadata
    assert re.fullmatch(r"[0-9a-f]+:[0-9a-f]+:[0-9a-f]+:1", metadata["x-server-trace-id"]), metadata


def deadlines_and_leaving():
    long = asked("Count to a thousand.", 4000, stream=True)
    refused(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(generation.Completion(long, metadata=AUTH, timeout=0.3)))
    call = generation.Completion(long, metadata=AUTH)
    next(call)
    call.cancel()
    refused(grpc.StatusCode.CANCELLED, lambda: list(call))
    assert list(generation.Completion(asked(tokens=1), metadata=AUTH, timeout=30))


def compression():
    for algorithm in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        with connect(compression=algorithm) as packed:
            service = text_rpc.TokenizerServiceStub(packed)
            request = text.TokenizeRequest(model_uri=MODEL, text="tea and coffee " * 400)
            assert len(service.Tokenize(request, metadata=AUTH).tokens) > 800
            stub = text_rpc.TextGenerationServiceStub(packed)
            assert list(stub.Completion(asked(stream=True), metadata=AUTH))


def health():
    service = health_pb2_grpc.HealthStub(channel)
    for name in ("", "yandex.cloud.ai.foundation_models.v1.TextGenerationService"):
        answer = service.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    refused(grpc.StatusCode.NOT_FOUND, lambda: service.Check(health_pb2.HealthCheckRequest(service="tea")))
    watch = service.Watch(health_pb2.HealthCheckRequest(service=""))
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()


def generic_client():
    """A client that knows nothing but the address: as grpcurl and its like."""
    database = ProtoReflectionDescriptorDatabase(channel)
    services = database.get_services()
    assert "yandex.cloud.operation.OperationService" in services and "grpc.health.v1.Health" in services
    pool = descriptor_pool.DescriptorPool(database)
    for name in services:
        for method in pool.FindServiceByName(name).methods:
            assert message_factory.GetMessageClass(method.input_type), method.full_name
    method = pool.FindServiceByName("yandex.cloud.ai.foundation_models.v1.TextGenerationService").methods[0]
    request_type = message_factory.GetMessageClass(method.input_type)
    answer_type = message_factory.GetMessageClass(method.output_type)
    call = channel.unary_stream(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=request_type.SerializeToString,
        response_deserializer=answer_type.FromString,
    )
    request = request_type(model_uri=MODEL, messages=[{"role": "user", "text": "Say hello."}])
    request.completion_options.max_tokens.value = 3
    [answer] = call(request, metadata=AUTH)
    assert answer.alternatives[0].message.text


def refused(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, error
        assert error.details(), error
        return
    raise AssertionError(f"nothing was refused with {code}")


checks = (
    whole_answer, stream_of_growing_texts, operation, tokens, vector, classification, addresses, batch_is_not_served,
    keys_in_every_spelling, request_names, deadlines_and_leaving, compression, health, generic_client,
)  # fmt: skip
wanted = os.environ.get("ONLY", "").split()
for check in checks:
    if not wanted or check.__name__ in wanted:
        check()
        print("ok", check.__name__, flush=True)
