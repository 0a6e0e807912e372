export { foundationModelsMethods } from './foundation-models-methods.ts';
export { foundationModelsRoutes } from './foundation-models-routes.ts';
