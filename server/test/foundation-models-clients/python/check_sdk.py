"""Runs the product's own Python SDK against a server, whose address is all that differs from the published service."""

import asyncio
import json
import os

import httpx
from grpc import StatusCode
from yandex_ai_studio_sdk import AIStudio, AsyncAIStudio
from yandex_ai_studio_sdk.auth import APIKeyAuth, IAMTokenAuth
from yandex_ai_studio_sdk.exceptions import AioRpcError
from yandex_ai_studio_sdk.retry import NoRetryPolicy, RetryPolicy

ENDPOINT = os.environ["GRPC"]
# The file of a private CA; without one the server is spoken to without TLS.
VERIFY = os.environ.get("CA_FILE") or False
MODEL = "chat-default"
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}, "days": {"type": "integer", "maximum": 9}},
    "required": ["city", "days"],
}


def connect(auth=APIKeyAuth(os.environ["API_KEY"]), folder="default", **more):
    return AIStudio(
        folder_id=folder,
        endpoint=ENDPOINT,
        auth=auth,
        verify=VERIFY,
        retry_policy=NoRetryPolicy(),
        service_map={"http_completions": os.environ["BASE_URL"] + "/v1/"},
        **more,
    )


sdk = connect()
short = sdk.models.completions(MODEL).configure(temperature=0, max_tokens=8)


def completions():
    result = short.run("Say hello.")
    assert len(result) == 1 and result.text and result.role == "assistant", result
    assert result.status.name in ("FINAL", "TRUNCATED_FINAL"), result.status
    assert result.usage.total_tokens == result.usage.input_text_tokens + result.usage.completion_tokens
    assert 0 < result.usage.completion_tokens <= 8
    assert result.model_version


def streams():
    parts = list(short.run_stream([{"role": "system", "text": "Be brief."}, "Say hello."]))
    for earlier, later in zip(parts, parts[1:]):
        assert later.text.startswith(earlier.text), (earlier.text, later.text)
        assert earlier.status.name == "PARTIAL"
    assert len(parts) > 2 and parts[-1].status.name != "PARTIAL"
    assert parts[-1].usage.completion_tokens > 0


def deferred():
    operation = short.run_deferred("Say hello.")
    result = operation.wait(timeout=60, poll_interval=0.1)
    assert result.text and result.usage.completion_tokens > 0
    assert operation.get_status().is_succeeded
    assert sdk.models.completions(MODEL).attach_deferred(operation.id).get_result().text == result.text


def tokens():
    plain = sdk.models.completions(MODEL).tokenize("Say hello.")
    assert len(plain) > 3 and any(token.special for token in plain)
    assert "hello" in "".join(token.text for token in plain)


def tools():
    weather = sdk.tools.function(WEATHER, name="weather", description="Tells the weather of a city.")
    asked = sdk.models.completions(MODEL).configure(
        temperature=0, max_tokens=80, tools=weather, tool_choice=weather, parallel_tool_calls=False
    )
    result = asked.run("What is the weather in Oslo?")
    assert result.status.name == "TOOL_CALLS" and len(result.tool_calls) == 1, result
    call = result.tool_calls[0].function
    assert call.name == "weather" and isinstance(call.arguments["city"], str), call
    assert call.arguments["days"] == int(call.arguments["days"]), call
    answered = asked.configure(tool_choice="none", max_tokens=8).run(
        ["What is the weather in Oslo?", result, {"tool_results": [{"name": "weather", "content": "Rain."}]}]
    )
    assert answered.text and not answered.tool_calls, answered
    assert list(asked.run_stream("What is the weather in Oslo?"))[-1].tool_calls[0].function.name == "weather"


def structured():
    asked = sdk.models.completions(MODEL).configure(temperature=0, max_tokens=80)
    fitted = asked.configure(response_format={"json_schema": WEATHER}).run("The weather of Oslo, as JSON.")
    value = json.loads(fitted.text)
    assert set(value) == {"city", "days"} and isinstance(value["days"], int), value
    free = asked.configure(response_format="json").run("A small object, as JSON.")
    assert free.status.name == "TRUNCATED_FINAL" or isinstance(json.loads(free.text), dict), free


def embeddings():
    model = sdk.models.text_embeddings("embedding-default")
    tea, coffee, stone = [model.run(text) for text in ("a cup of tea", "a cup of coffee", "tax law")]
    assert len(tea) == 384 and tea.num_tokens > 2 and tea.model_version
    assert dot(tea, coffee) > dot(tea, stone)


def dot(one, other):
    return sum(a * b for a, b in zip(one, other))


def classifiers():
    asked = sdk.models.text_classifiers(MODEL).configure(
        task_description="Tell what the text is about.", labels=["sport", "cooking", "law"]
    )
    result = asked.run("The striker scored twice in the second half.")
    assert [one.label for one in result] == ["sport", "cooking", "law"], result
    assert abs(sum(one.confidence for one in result) - 1) < 1e-6 and result.input_tokens > 0
    samples = [{"text": "Boil the rice.", "label": "cooking"}, {"text": "The goalkeeper fell.", "label": "sport"}]
    taught = asked.configure(samples=samples).run("Fry two eggs.")
    assert abs(sum(one.confidence for one in taught) - 1) < 1e-6
    # Without labels this is the call for classifiers that have been tuned.
    refused(StatusCode.INVALID_ARGUMENT, lambda: sdk.models.text_classifiers(MODEL).run("Fry two eggs."))


def chat():
    model = sdk.chat.completions(MODEL).configure(temperature=0, max_tokens=8)
    result = model.run("Say hello.")
    assert result.text and result.usage.completion_tokens > 0, result
    parts = list(model.run_stream("Say hello."))
    assert "".join(part.choices[0].delta or "" for part in parts if part.choices) == result.text
    assert len(sdk.chat.text_embeddings("embedding-default").run("a cup of tea")) == 384
    assert any(MODEL in model.uri for model in sdk.chat.completions.list())


def identities():
    key = os.environ["API_KEY"]
    assert connect(auth=key).models.completions(MODEL).configure(max_tokens=1).run("Hi").usage
    assert connect(auth=IAMTokenAuth(key), folder="0").models.completions(MODEL).tokenize("Hi")
    assert connect(enable_server_data_logging=False).models.completions(f"gpt:///{MODEL}").tokenize("Hi")


def errors():
    refused(StatusCode.NOT_FOUND, lambda: sdk.models.completions("no-such-model").run("Hi"))
    refused(StatusCode.INVALID_ARGUMENT, lambda: sdk.models.completions("art://default/x").run("Hi"))
    refused(StatusCode.INVALID_ARGUMENT, lambda: connect(folder="elsewhere").models.completions(MODEL).run("Hi"))
    refused(StatusCode.INVALID_ARGUMENT, lambda: short.configure(temperature=3).run("Hi"))
    refused(StatusCode.UNIMPLEMENTED, lambda: short.batch.run_deferred("dataset"))
    wrong = connect(auth=APIKeyAuth("smv_wrong")).models.completions(MODEL)
    error = refused(StatusCode.UNAUTHENTICATED, lambda: wrong.run("Hi"))
    # The SDK names in its own words the request that failed.
    assert "x-client-request-id" in str(error), error
    refused(StatusCode.DEADLINE_EXCEEDED, lambda: short.configure(max_tokens=4000).run("Count.", timeout=0.4))


def retries():
    # A key with which only one request runs at a time: the SDK's own retries bring all of them through.
    headers = {"authorization": "Bearer " + os.environ["API_KEY"]}
    wanted = {"name": "narrow", "limits": {"parallelRequests": 1}}
    made = httpx.post(os.environ["BASE_URL"] + "/api/keys", json=wanted, headers=headers, verify=VERIFY)
    assert made.status_code < 300, made.text

    async def known(model):
        # Within a second a new key is known to every replica.
        for _ in range(50):
            try:
                return await model.tokenize("Is the key known?")
            except AioRpcError as error:
                assert error.code() == StatusCode.UNAUTHENTICATED, error
                await asyncio.sleep(0.1)
        raise AssertionError("the key did not become known")

    async def three(policy):
        narrow = AsyncAIStudio(
            folder_id="0", endpoint=ENDPOINT, auth=made.json()["secret"], verify=VERIFY, retry_policy=policy
        )
        model = narrow.models.completions(MODEL).configure(max_tokens=100)
        await known(model)
        return await asyncio.gather(*[model.run("Count to fifty.") for _ in range(3)], return_exceptions=True)

    patient = RetryPolicy(max_attempts=300, initial_backoff=0.1, backoff_multiplier=1, jitter=0.1)
    assert all(one.text for one in asyncio.run(three(patient)))
    answers = asyncio.run(three(NoRetryPolicy()))
    refusals = [one for one in answers if isinstance(one, AioRpcError)]
    assert refusals and len(refusals) < 3, answers
    assert all(one.code() == StatusCode.RESOURCE_EXHAUSTED for one in refusals), refusals


def refused(code, call):
    try:
        call()
    except AioRpcError as error:
        assert error.code() == code, error
        return error
    raise AssertionError(f"nothing was refused with {code}")


checks = (
    completions, streams, deferred, tokens, tools, structured, embeddings, classifiers, chat, identities, retries,
    errors,
)  # fmt: skip
wanted = os.environ.get("ONLY", "").split()
for check in checks:
    if not wanted or check.__name__ in wanted:
        check()
        print("ok", check.__name__, flush=True)
