import { createHash } from 'node:crypto';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { newId, withPrefix } from '../../../kernel/ids.ts';

const mistralIdLength = 9;

/** A fresh id for a call, in the form that the family's template accepts later in the history. */
export function newCallId(family: ModelManifest['toolCalls']): string {
  const id = withPrefix('call', newId());
  return family === 'mistral' ? fitCallId(id) : id;
}

/** Mistral's templates refuse ids that are not nine letters and digits: others are mapped to such, always alike. */
export function fitCallId(id: string): string {
  if (/^[A-Za-z0-9]{9}$/.test(id)) return id;
  return createHash('sha256').update(id).digest('hex').slice(0, mistralIdLength);
}
