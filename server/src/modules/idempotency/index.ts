export { createIdempotency, type Idempotency, type RepeatableRequest } from './idempotency.ts';
export { purgeIdempotencyJob } from './purge-idempotency-job.ts';
