import { SamovarError } from '../../../kernel/errors.ts';
import type { GenerationTask } from './generation-task.ts';

/** Throws `engine.context_exceeded` for a prompt that does not fit, `engine.deadline_passed` for one that is late. */
export function checkTask({ prompt, deadline }: GenerationTask, contextTokens: number): void {
  if (prompt.length >= contextTokens)
    throw new SamovarError('engine.context_exceeded', {
      params: { promptTokens: prompt.length, contextTokens },
    });
  if (deadline !== null && deadline <= Date.now()) throw new SamovarError('engine.deadline_passed');
}
