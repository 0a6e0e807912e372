export type { ModelSnapshot, ServedModel } from './served-model.ts';
