import { RemoteCallError, type RemoteTransport } from '../../../../kernel/ports/remote-transport.ts';
import type { TransportCall } from '../../../../kernel/ports/worker-transport.ts';
import type { RemoteTarget } from '../../../serving/index.ts';
import { parseObject } from '../../json-object.ts';
import type { Sender } from '../../worker-call.ts';
import type { TokenizeCall, TokenizeSteps } from './tokenize-steps.ts';

const answerLimitBytes = 64 * 1024 * 1024;

/**
 * Asks an engine for tokens in as many calls as it needs, and answers as one of our workers would. A refusal of any of
 * them is the answer; what makes no sense becomes an empty one, which nobody takes for tokens. Throws as the steps do.
 */
export function tokenizeSender(
  transport: RemoteTransport,
  target: RemoteTarget,
  headers: readonly string[],
  steps: TokenizeSteps,
): Sender {
  // Now, as it may refuse the request: later, a place at the engine would be taken.
  const first = steps.next();
  return (events) => {
    let running: TransportCall | null = null;

    function goOn(next: typeof first): void {
      if (!next.done) {
        running = ask(next.value);
        return;
      }
      events.begin(200, {});
      events.data(Buffer.from(next.value === null ? '' : JSON.stringify(next.value)));
      events.ended();
    }

    function ask({ path, body }: TokenizeCall): TransportCall {
      const parts: Buffer[] = [];
      let sizeBytes = 0;
      let status = 0;
      let head: Parameters<typeof events.begin>[1] = {};
      const request = {
        method: 'POST',
        path: `${target.pathPrefix}${path}`,
        headers,
        body: JSON.stringify(body),
      } as const;
      const call = transport.call(target.endpoint, request, {
        begin(code, fields) {
          status = code;
          head = fields;
        },
        data(chunk) {
          sizeBytes += chunk.length;
          if (sizeBytes <= answerLimitBytes) parts.push(chunk);
          else {
            call.abort();
            events.lost(new RemoteCallError('protocol', 'the list of tokens is too long'));
          }
          return true;
        },
        ended() {
          const whole = Buffer.concat(parts);
          if (status === 200) goOn(steps.next(parseObject(whole.toString('utf8')) ?? {}));
          else {
            events.begin(status, head);
            events.data(whole);
            events.ended();
          }
        },
        unreachable: (cause) => events.unreachable(cause),
        lost: (cause) => events.lost(cause),
      });
      return call;
    }

    goOn(first);
    // Nothing is held back from the transport, so nothing waits for `resume`.
    return { resume() {}, abort: () => running?.abort() };
  };
}
