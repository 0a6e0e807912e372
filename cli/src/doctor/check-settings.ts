import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

/** Whether every setting fits, wherever it comes from. */
export function checkSettings({ resolved, file }: CliSettings): Finding {
  const [problem] = resolved.problems;
  if (!problem) return fine('Settings', file === null ? 'no samovar.yaml here' : `read ${file}`);
  return {
    name: 'Settings',
    state: 'fail',
    detail: `${problem.name} from ${problem.source} is not valid: ${problem.reason}`,
    remedy: 'Correct it; `samovar config` lists every setting with its source.',
  };
}
