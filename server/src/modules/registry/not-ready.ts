import { SamovarError } from '../../kernel/errors.ts';
import type { VersionState } from './model-version.ts';

/** Why a model that exists does not answer, by the state of its version: what is in the way, and what helps. */
export function notReady(model: string, state: Exclude<VersionState, 'ready'>, field?: string): SamovarError {
  const about = { params: { model }, ...(field !== undefined && { field }) };
  switch (state) {
    case 'registered':
      return new SamovarError('model.not_fetched', about);
    case 'failed':
      return new SamovarError('model.fetch_failed', about);
    case 'importing':
      return new SamovarError('model.not_ready', {
        ...about,
        params: { model, state: 'its files are being fetched' },
        retryAfterSeconds: 5,
      });
  }
}
