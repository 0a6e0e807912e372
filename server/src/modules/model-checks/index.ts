export type { CheckRoom } from './await-room.ts';
export { type Badge, type BadgeSnapshot, createBadgeLoader, loadBadges } from './badge.ts';
export { createCheckInference } from './check-inference.ts';
export { listChecks } from './list-checks.ts';
export { type CheckKind, type ModelCheck, type SpeedWish, usualWish } from './model-check.ts';
export { createModelCheckJob, tidyModelChecksJob } from './model-check-job.ts';
export { type CheckRequests, modelCheckJobKind, requestCheck } from './request-check.ts';
