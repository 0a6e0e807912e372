import type { HttpAnswer } from '../../kernel/ports/http-answer.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';

/**
 * Begins; once more with a newer policy, where that may take what this one refuses and the client still waits. Throws
 * what refuses it, or rejects.
 */
export function nowOrWithNewer(
  newerPolicy: NewerPolicy,
  answer: Pick<HttpAnswer, 'closed'>,
  begin: () => void,
): Promise<void> | undefined {
  try {
    begin();
    return undefined;
  } catch (thrown) {
    const newer = newerPolicy(thrown);
    if (newer === null) throw thrown;
    return newer.then((isNewer) => {
      if (!isNewer || answer.closed) throw thrown;
      begin();
    });
  }
}
