import { createHash } from 'node:crypto';
import type { ServedModel } from '../registry/index.ts';
import type { ClassificationTask } from './check-request.ts';

/** Equal for equal tasks of one model version, whatever the text that is classified. */
export function taskKey({ versionId }: ServedModel, task: ClassificationTask): string {
  const { description, labels, samples } = task;
  const parts = [versionId, description, labels, samples.map(({ text, label }) => [text, label])];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
