import Type from 'typebox';
import { closed } from './schema-pieces.ts';

const example = { id: 'ai-foundation-models', address: 'localhost:17004' };

export const endpointAnswer = Type.Object(
  { id: Type.String(), address: Type.String({ description: '`host:port` of the gRPC service.' }) },
  { ...closed, examples: [example] },
);

export const endpointListAnswer = Type.Object(
  { endpoints: Type.Array(endpointAnswer), nextPageToken: Type.String() },
  { ...closed, examples: [{ endpoints: [example], nextPageToken: '' }] },
);

export const endpointParams = Type.Object({
  apiEndpointId: Type.String({ minLength: 1, maxLength: 100, examples: [example.id] }),
});
