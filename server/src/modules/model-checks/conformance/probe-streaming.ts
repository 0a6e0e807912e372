import type { AskedModel } from '../asked-model.ts';
import { choicesOf, readChat } from './chat-answer.ts';
import type { Probe, ProbeOutcome } from './probe.ts';

const body = {
  messages: [{ role: 'user', content: 'Say in one sentence what tea is.' }],
  max_tokens: 32,
  temperature: 0,
  seed: 1,
};

/** A stream comes in parts, in the published order, with its counts, and says what the whole answer says. */
export const probeStreaming: Probe = {
  feature: 'streaming',
  async run(asked) {
    const first = await streamOnce(asked);
    // Company in the engine's batch can change a token: only a difference that stays is one.
    return first.failures.length === 0 ? first : await streamOnce(asked);
  },
};

async function streamOnce(asked: AskedModel): Promise<ProbeOutcome> {
  const stream = await asked.ask({ path: '/v1/chat/completions', body, stream: true });
  const whole = readChat(await asked.ask({ path: '/v1/chat/completions', body }));
  const { content, parts, finishReasons } = readChat(stream);
  const { outputTokens } = stream.counts;
  const [opening] = stream.objects.flatMap(choicesOf);
  const failures: string[] = [];
  if (content === '') failures.push('the stream has no text');
  if (outputTokens > 8 && parts < 2) failures.push(`${outputTokens} tokens came in one piece`);
  if (Object(opening?.delta).role !== 'assistant') failures.push('its first event does not name the role');
  if (finishReasons.length !== 1) failures.push(`it ends ${finishReasons.length} times`);
  if (stream.counts.estimated) failures.push('it tells no counts');
  else if (outputTokens === 0) failures.push('it counts no tokens of its answer');
  if (new Set(stream.objects.map(({ id }) => id)).size !== 1) failures.push('its events have several ids');
  if (content !== whole.content) failures.push('at temperature 0 the whole answer says something else');
  return { detail: `${outputTokens} tokens in ${parts} parts.`, failures };
}
