export { openaiErrorBody } from './openai-error.ts';
export { type OpenaiSurface, openaiRoutes } from './openai-routes.ts';
