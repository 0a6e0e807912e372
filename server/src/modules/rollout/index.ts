export { beginCanary } from './begin-canary.ts';
export { watchCanariesJob, watchCanariesKind } from './watch-canaries-job.ts';
