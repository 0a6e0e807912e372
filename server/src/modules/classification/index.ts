export type { Classification, ClassificationRequest, Classify } from './classification.ts';
export { createClassify } from './create-classify.ts';
