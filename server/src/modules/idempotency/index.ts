export {
  createIdempotency,
  type Idempotency,
  type IdempotencyOptions,
  type Remember,
  type RepeatableAnswer,
  type RepeatableRequest,
} from './idempotency.ts';
export { purgeIdempotencyJob } from './purge-idempotency-job.ts';
