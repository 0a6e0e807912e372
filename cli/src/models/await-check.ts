import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { printNews } from '../output/print-line.ts';
import type { CheckAnswer, CheckListAnswer } from './check-answers.ts';

const pollMs = 500;

/** Waits until a check has ended, telling what it does; throws when the model could not be asked. */
export async function awaitCheck(client: ApiClient, path: string, asked: CheckAnswer): Promise<CheckAnswer> {
  let told = '';
  for (;;) {
    const { items } = (await client.get(path)) as CheckListAnswer;
    const check = items.find(({ id }) => id === asked.id);
    if (check === undefined)
      throw new CommandError(
        `${asked.model} means another version by now.`,
        'Ask again, for the new version.',
      );
    if (check.state === 'done') return check;
    if (check.state === 'failed')
      throw new CommandError(
        check.error?.message ?? `${asked.model} could not be asked.`,
        check.error?.remedy ?? '`samovar logs worker` tells more.',
      );
    const news = check.step === null ? check.state : `${check.step} (${Math.round(check.progress * 100)} %)`;
    if (news !== told) printNews(`${asked.model}: ${news}`);
    told = news;
    await sleep(pollMs);
  }
}
