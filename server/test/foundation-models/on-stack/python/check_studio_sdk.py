"""Runs the official Python SDK of the Foundation Models API against a server: every answer must be what it expects."""

import math
import os

from yandex_ai_studio_sdk import AIStudio
from yandex_ai_studio_sdk.auth import APIKeyAuth
from yandex_ai_studio_sdk.exceptions import AioRpcError

SERVER = {"endpoint": os.environ["GRPC_ADDRESS"], "verify": False}
KEY = APIKeyAuth(os.environ["API_KEY"])
sdk = AIStudio(folder_id="0", auth=KEY, **SERVER)
model = sdk.models.completions("chat-default").configure(temperature=0, max_tokens=8)
WEATHER = sdk.tools.function(
    name="weather",
    description="The weather in a city",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


def run():
    result = model.run("Count to ten.")
    assert result.status.name in ("FINAL", "TRUNCATED_FINAL"), result
    assert result.text
    assert result.usage.total_tokens == result.usage.input_text_tokens + result.usage.completion_tokens
    assert len(result.model_version.split(".")) == 3, result.model_version


def stream():
    results = list(model.run_stream([{"role": "user", "text": "Count to ten."}]))
    assert len(results) > 1
    for earlier, later in zip(results, results[1:]):
        assert later.text.startswith(earlier.text), (earlier, later)
    assert results[-1].status.name in ("FINAL", "TRUNCATED_FINAL")
    assert results[-1].text == model.run("Count to ten.").text


def tokens():
    shown = model.tokenize("Hello")
    assert any(token.special for token in shown) and any(token.text == "Hello" for token in shown), shown


def deferred():
    operation = model.run_deferred("Count to ten.")
    result = operation.wait(poll_interval=0.2, poll_timeout=120)
    assert result.text == model.run("Count to ten.").text
    again = sdk.models.completions("chat-default").attach_deferred(operation.id)
    assert again.get_status().is_succeeded


def embeddings():
    result = sdk.models.text_embeddings("embedding-default").run("tea")
    assert len(result.embedding) == 384
    assert result.num_tokens > 0


def classification():
    classifier = sdk.models.text_classifiers("chat-default").configure(
        task_description="Tell the sentiment.",
        labels=["positive", "negative"],
        samples=[{"text": "great", "label": "positive"}, {"text": "awful", "label": "negative"}],
    )
    result = classifier.run("I love it")
    assert [prediction.label for prediction in result.predictions] == ["positive", "negative"]
    assert math.isclose(sum(prediction.confidence for prediction in result.predictions), 1)


def tools():
    called = model.configure(tools=[WEATHER], tool_choice="required", max_tokens=40).run("Weather in Paris?")
    assert called.status.name == "TOOL_CALLS"
    [call] = called.tool_calls
    assert call.function.name == "weather" and "city" in call.function.arguments
    answered = {"tool_results": [{"name": "weather", "content": "sunny"}]}
    final = model.configure(tools=[WEATHER], max_tokens=8).run(["Weather in Paris?", called, answered])
    assert final.status.name != "TOOL_CALLS" or final.tool_calls


def schema():
    light = {
        "type": "object",
        "properties": {"on": {"type": "boolean"}},
        "required": ["on"],
        "additionalProperties": False,
    }
    wanted = {"json_schema": light, "name": "light", "strict": True}
    result = model.configure(response_format=wanted, max_tokens=30).run("Is the light on? Answer in JSON.")
    assert result.text.replace(" ", "").replace("\n", "") in ('{"on":true}', '{"on":false}'), result.text


def errors():
    def code_of(call):
        try:
            call()
        except AioRpcError as error:
            return error.code().name
        raise AssertionError("it was taken")

    assert code_of(lambda: sdk.models.completions("nope").run("x")) == "NOT_FOUND"
    other = AIStudio(folder_id="other", auth=KEY, **SERVER)
    assert code_of(lambda: other.models.completions("chat-default").run("x")) == "INVALID_ARGUMENT"
    stranger = AIStudio(folder_id="0", auth=APIKeyAuth("wrong"), **SERVER)
    assert code_of(lambda: stranger.models.completions("chat-default").run("x")) == "UNAUTHENTICATED"


for check in (run, stream, tokens, deferred, embeddings, classification, tools, schema, errors):
    check()
    print("ok", check.__name__, flush=True)
