export type { ReadinessCheck } from './readiness.ts';
export { systemErrorBody } from './system-error.ts';
export { type SystemSurface, systemRoutes } from './system-routes.ts';
