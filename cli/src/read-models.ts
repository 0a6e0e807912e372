import { createApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import type { CliSettings } from './settings.ts';
import { type ModelProgress, readModelProgress } from './up/model-progress.ts';

/** The models of the running Samovar; `null` when its API does not answer, or not to us: `onProblem` is told why. */
export async function readModels(
  settings: CliSettings,
  onProblem?: (problem: CommandError) => void,
): Promise<readonly ModelProgress[] | null> {
  try {
    return readModelProgress(await createApiClient(settings).get('/api/models'));
  } catch (error) {
    // Whoever asks has more to tell than models.
    if (!(error instanceof CommandError)) throw error;
    onProblem?.(error);
    return null;
  }
}
