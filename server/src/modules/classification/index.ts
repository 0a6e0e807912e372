export type {
  Classification,
  ClassificationRequest,
  ClassificationSample,
  Classify,
} from './classification.ts';
export { type ClassificationDependencies, createClassify } from './create-classify.ts';
