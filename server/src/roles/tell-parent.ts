import type { ProcessMessage } from '@samovar/contract/process-messages';

/** Tells the process that started us, if it listens; a parent that is gone needs no news. */
export function tellParent(message: ProcessMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
