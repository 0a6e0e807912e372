export type { ReadinessCheck } from './readiness.ts';
export { systemErrorBody } from './system-error.ts';
export { systemRoutes } from './system-routes.ts';
