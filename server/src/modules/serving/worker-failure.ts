import { SamovarError } from '../../kernel/errors.ts';
import type { WorkerExit } from '../../kernel/ports/worker-runner.ts';

/** Why a worker does not answer, told twice. */
export interface WorkerFailure {
  /** A short sentence for those who call models: nothing of the machine, of paths or of a process's own words. */
  readonly publicReason: string;
  /** The whole reason, for those who manage models and for the log. */
  readonly reason: string;
}

/** A reason that everybody may read. */
export function openFailure(reason: string): WorkerFailure {
  return { publicReason: reason, reason };
}

/** The process ended by itself or was ended; its last words are not for everybody. */
export function exitFailure(exit: WorkerExit, while_: 'loading' | 'serving'): WorkerFailure {
  const how =
    exit.signal === null
      ? `its worker process ended with code ${exit.code}`
      : `its worker process was ended by ${exit.signal}`;
  const words = exit.lastWords.trim();
  return {
    publicReason: `${how} while it was ${while_}`,
    reason: words === '' ? how : `${how}: ${words}`,
  };
}

/** The engine itself told that it cannot load the model; its words may name files. */
export function engineFailure(words: string | undefined): WorkerFailure {
  const publicReason =
    'its engine could not load it; its files may be damaged, or made for another release of the engine';
  return { publicReason, reason: words ?? publicReason };
}

/** The engine could not put an adapter on its base, which answers without it; its words may name files. */
export function adapterFailure(baseName: string, words: string): WorkerFailure {
  return {
    publicReason: `it does not fit ${baseName}, or its file is damaged`,
    // PostgreSQL takes no U+0000 in a text.
    reason: words.replaceAll('\0', '').slice(0, 2_000),
  };
}

/** The process could not be started, or the files could not be put in place. */
export function startFailure(error: unknown): WorkerFailure {
  return {
    publicReason: publicStartReason(error),
    reason: error instanceof Error ? error.message : String(error),
  };
}

function publicStartReason(error: unknown): string {
  if (error instanceof SamovarError && error.code === 'setup.disk_full')
    return 'the disk of its engine host is full';
  if (error instanceof SamovarError && error.code === 'model.file_damaged')
    return 'a file of it is missing or damaged';
  return 'its files could not be put in place, or its worker could not be started';
}
