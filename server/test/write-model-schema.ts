import { writeFile } from 'node:fs/promises';
import { modelManifestSchema } from '@samovar/contract/model-manifest';

// Publishes the JSON Schema of model manifests: node server/test/write-model-schema.ts
const published = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...modelManifestSchema };
const place = new URL('../../models/model.schema.json', import.meta.url);
await writeFile(place, `${JSON.stringify(published, null, 2)}\n`);
