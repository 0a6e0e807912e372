/** What a role tells the process that started it, over the IPC channel. */
export type ProcessMessage =
  | { readonly kind: 'ready' }
  | {
      /** Why it cannot start; `code` is one of the error catalogue. */
      readonly kind: 'failed';
      readonly code: string;
      readonly params: Readonly<Record<string, string | number>>;
      readonly message: string;
      readonly remedy: string;
    }
  | {
      /** The supervisor alone: what it is doing now. */
      readonly kind: 'progress';
      readonly step: SupervisorStep;
    }
  | {
      /** The build of an engine: how far it is, from 0 to 1. */
      readonly kind: 'building';
      readonly step: BuildStep;
      readonly fraction: number;
    }
  | {
      /** The build of an engine has ended. */
      readonly kind: 'built';
      readonly path: string;
    };

export type BuildStep = 'unpack' | 'configure' | 'compile' | 'install' | 'done';

export type SupervisorStep = 'data-folder' | 'orphans' | 'postgres' | 'prepare' | 'roles';

/** The environment variable that marks every process of one supervisor's run, so that a later run knows them. */
export const runIdVariable = 'SAMOVAR_RUN_ID';

const messageKinds: readonly ProcessMessage['kind'][] = ['ready', 'failed', 'progress', 'building', 'built'];

/** Reads a message that came over IPC; `null` when it is not one of ours. */
export function asProcessMessage(value: unknown): ProcessMessage | null {
  if (value === null || typeof value !== 'object' || !('kind' in value)) return null;
  const kind = value.kind;
  return messageKinds.some((known) => known === kind) ? (value as ProcessMessage) : null;
}
