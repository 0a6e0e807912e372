import type { SupervisorStep } from '@samovar/contract/process-messages';

/** What `up` says while the supervisor works. */
export const stepLines: Readonly<Record<SupervisorStep, string>> = {
  'data-folder': 'Checking the data folder.',
  orphans: 'Clearing what an earlier run left behind.',
  postgres: 'Starting PostgreSQL.',
  prepare: 'Bringing the database to this release.',
  roles: 'Starting the processes.',
};
