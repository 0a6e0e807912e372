import { SamovarError } from '../../../kernel/errors.ts';
import type { GenerationTask } from './generation-task.ts';

/** Throws `engine.context_exceeded` for a prompt that does not fit, `engine.deadline_passed` for one that is late. */
export function checkTask({ prompt, continuations, deadline }: GenerationTask, contextTokens: number): void {
  const promptTokens = prompt.length + (continuations?.depth ?? 0);
  if (promptTokens >= contextTokens)
    throw new SamovarError('engine.context_exceeded', { params: { promptTokens, contextTokens } });
  if (deadline !== null && deadline <= Date.now()) throw new SamovarError('engine.deadline_passed');
}
