export { beginCanary } from './begin-canary.ts';
export {
  canariesKey,
  type RolloutDependencies,
  stepCanaries,
  watchCanariesJob,
  watchCanariesKind,
} from './watch-canaries-job.ts';
