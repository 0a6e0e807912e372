import type { RouteHeader } from '@samovar/contract/route';

/** Headers of an inference's answer, as the document tells them. */
export const answerHeaderTexts: Readonly<Record<string, RouteHeader>> = {
  'x-samovar-model': {
    description: 'The model that answered, whatever name it was asked for by.',
    example: 'qwen3-0.6b',
  },
  'x-samovar-version': {
    description: 'Its version.',
    example: 'ver_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2d',
  },
  'x-samovar-ignored': {
    description: 'Parameters that were accepted and have no effect here.',
    example: 'user, service_tier',
  },
  deprecation: {
    description: 'Of a name that is on its way out: since when (RFC 9745).',
    example: '@1795435200',
  },
  sunset: { description: 'When it is to be gone (RFC 8594).', example: 'Fri, 01 Jan 2027 00:00:00 GMT' },
  link: {
    description: 'What to use instead of it; the name is percent-encoded, as in an address.',
    example: '</v1/models/chat-default>; rel="successor-version"',
  },
};
