export { type ConsoleApi, consoleApiRoutes } from './console-api-routes.ts';
export { consoleErrorBody } from './console-error.ts';
export { createFollowers } from './followers.ts';
